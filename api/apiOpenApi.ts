/**
 * Builds the OpenAPI document of the api role from the zod schemas of its answers. It is served at
 * /v1/openapi.json and kept in schemas/api.openapi.json; a test compares the two. What the status
 * API serves as well stands in openApi.ts.
 *
 * Source: OpenAPI 3.1.1, whose schemas are JSON Schema 2020-12, which zod writes.
 */

import { z } from 'zod';
import { amILeaderSchema } from './leaders/amILeader.ts';
import { leaderPoolSchema } from './leaders/leaderPool.ts';
import { acquireSchema, grantSchema, holderSchema, lockSchema, renewalSchema } from './locks/lockSchemas.ts';
import { license, servers } from './openApi.ts';

const schemas = z.registry<{ id: string }>();
schemas.add(leaderPoolSchema, { id: 'LeaderPool' });
schemas.add(amILeaderSchema, { id: 'AmILeader' });
schemas.add(acquireSchema, { id: 'Acquire' });
schemas.add(grantSchema, { id: 'Grant' });
schemas.add(holderSchema, { id: 'Holder' });
schemas.add(renewalSchema, { id: 'Renewal' });
schemas.add(lockSchema, { id: 'Lock' });
schemas.add(z.object({ code: z.string(), message: z.string() }), { id: 'Problem' });

const json = (name: string) => ({ 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } });
const stream = { 'text/event-stream': { schema: { type: 'string' } } };
const problem = (description: string) => ({ description, content: json('Problem') });
const inPath = (name: string, description: string) => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string' },
});
const inQuery = (name: string, description: string, required = false) => ({
  name,
  in: 'query',
  required,
  description,
  schema: { type: 'string' },
});

const refusals = {
  401: problem('No token, or one that does not hold.'),
  403: problem('The user of the token may not.'),
  429: problem('Too much is under way; ask again after Retry-After seconds.'),
};
const stale = { 503: problem('The watch cannot be relied on now, or the API server is away; ask again.') };
const away = { 503: problem('The API server is away, or the Lease cannot be read; ask again.') };
const poolParameters = [
  inPath('name', '`SERVICE.NAMESPACE`, or `SERVICE` with the query `namespace`.'),
  inQuery('namespace', 'Of the Service, where the name does not say it.'),
];
const lockParameters = [inPath('namespace', 'Of the Lease.'), inPath('name', 'Of the lock.')];

const post = (operationId: string, summary: string, body: string, responses: object) => ({
  post: {
    operationId,
    summary,
    parameters: lockParameters,
    requestBody: { required: true, content: json(body) },
    responses: { ...responses, 400: problem('The body cannot be read.'), ...refusals, ...away },
  },
});

export const apiOpenApi = {
  openapi: '3.1.1',
  info: {
    title: 'zen-lead api',
    version: '1',
    license,
    description:
      'Who leads, am I the leader, and locks; served by zen-lead api. Send the token of a service account with the audience of --audience: Authorization: Bearer TOKEN. The leaders of the status API (/v1/leaders, /v1/events) are here too, as its own document has them.',
  },
  servers,
  paths: {
    '/v1/leader/pool/{name}': {
      get: {
        operationId: 'readPool',
        summary: 'Who leads one pool.',
        parameters: poolParameters,
        responses: {
          200: { description: 'Its leader. The ETag is the epoch.', content: json('LeaderPool') },
          304: { description: 'The epoch is that of If-None-Match.' },
          404: problem('Not annotated, not there, or not watched by this process.'),
          ...refusals,
          ...stale,
        },
      },
    },
    '/v1/leader/pool/{name}/events': {
      get: {
        operationId: 'watchPool',
        summary: 'Server-sent events: the state first, then each change.',
        description:
          'Events `leader` (data: LeaderPool, id: the epoch), `removed`, and `stale` while the watch cannot be relied on. A comment every 15 s.',
        parameters: [
          ...poolParameters,
          inQuery('resumeEpoch', 'The epoch that the reader knows, as Last-Event-ID: the state is then left out.'),
        ],
        responses: {
          200: { description: 'A stream.', content: stream },
          404: problem('Not annotated, not there, or not watched by this process.'),
          ...refusals,
          ...stale,
        },
      },
    },
    '/v1/am-i-leader': {
      get: {
        operationId: 'amILeader',
        summary: 'Whether the pod that asks leads.',
        description:
          'The pod is that of the token, or the only one that has the address of the connection. With `wait` and `epoch` the answer comes when the epoch differs.',
        parameters: [
          inQuery('service', 'The annotated Service, in the namespace of the pod.', true),
          inQuery('wait', 'How long to wait for news, up to 60s.'),
          inQuery('epoch', 'The epoch that the pod knows.'),
        ],
        responses: {
          200: { description: 'The answer.', content: json('AmILeader') },
          403: problem('The address is not that of exactly one pod, or the token is not that of a pod.'),
          401: refusals[401],
          404: problem('Not annotated, or the Service does not select the pod.'),
          429: refusals[429],
        },
      },
    },
    '/v1/namespaces/{namespace}/locks/{name}': {
      get: {
        operationId: 'readLock',
        summary: 'Who holds a lock, and who waits.',
        parameters: lockParameters,
        responses: {
          200: { description: 'The lock.', content: json('Lock') },
          404: problem('No client has asked for it yet.'),
          ...refusals,
          ...away,
        },
      },
    },
    '/v1/namespaces/{namespace}/locks/{name}/watch': {
      get: {
        operationId: 'watchLock',
        summary: 'Server-sent events: the state first, then each change.',
        description: 'Event `lock` (data: Lock, id: the token). A comment every 15 s.',
        parameters: lockParameters,
        responses: { 200: { description: 'A stream.', content: stream }, ...refusals, ...away },
      },
    },
    '/v1/namespaces/{namespace}/locks/{name}/acquire': post('acquireLock', 'Ask for a lock.', 'Acquire', {
      200: { description: 'The grant.', content: json('Grant') },
      409: problem('HELD: another client holds it. The body has holder and position.'),
    }),
    '/v1/namespaces/{namespace}/locks/{name}/renew': post('renewLock', 'Keep a grant.', 'Holder', {
      200: { description: 'Its new time.', content: json('Renewal') },
      412: problem('LOST: this grant does not hold the lock.'),
    }),
    '/v1/namespaces/{namespace}/locks/{name}/release': post('releaseLock', 'Give a grant back.', 'Holder', {
      204: { description: 'Given back; the first waiter has it now.' },
      412: problem('LOST: this grant does not hold the lock.'),
    }),
  },
  components: {
    schemas: toSchemas(),
    securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
  },
  security: [{ token: [] }],
} as const;

function toSchemas(): Readonly<Record<string, unknown>> {
  const options = { target: 'draft-2020-12', io: 'input', uri: (id: string) => `#/components/schemas/${id}` } as const;
  const { schemas: made } = z.toJSONSchema(schemas, options);
  return Object.fromEntries(Object.entries(made).map(([id, { $schema, $id, ...schema }]) => [id, schema]));
}
