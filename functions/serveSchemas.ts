/**
 * Serves the JSON Schemas of events and replies at `GET /schemas/NAME`, for subscribers inside of
 * the cluster. docs/how-to/subscribe.md
 *
 * Guarantees: needs no token, because the schemas say nothing about a cluster. They are made on the
 * first request, so that a start does not pay for them.
 */

import type { FastifyInstance } from 'fastify';
import { ZenLeadError } from '../lib/errors.ts';

/** As JSON Schema 2020-12, section 14, asks for. */
const contentType = 'application/schema+json';

export function serveSchemas(app: FastifyInstance, make: () => Promise<ReadonlyMap<string, string>>): void {
  let made: Promise<ReadonlyMap<string, string>> | undefined;
  const read = (): Promise<ReadonlyMap<string, string>> => {
    made ??= make();
    return made;
  };
  app.get('/schemas', async () => ({ schemas: [...(await read()).keys()].map((name) => `/schemas/${name}`) }));
  app.get<{ Params: { readonly name: string } }>('/schemas/:name', async ({ params }, reply) => {
    const files = await read();
    const text = files.get(params.name);
    if (text !== undefined) return reply.type(contentType).header('cache-control', 'max-age=3600').send(text);
    const message = `url: there is no such schema; there are ${[...files.keys()].join(', ')}`;
    throw new ZenLeadError('PATH_UNKNOWN', message, { retry: 'never', path: 'url' });
  });
}
