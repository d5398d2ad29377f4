/**
 * Builds the OpenAPI document of the status API from the zod schemas of its answers. It is served
 * at /v1/openapi.json and kept in schemas/openapi.json; a test compares the two.
 *
 * Source: OpenAPI 3.1.1, whose schemas are JSON Schema 2020-12, which zod writes.
 */

import { z } from 'zod';
import { observationsSchema } from '../lib/events/observationsSchema.ts';
import { leaderStatusSchema } from './leaderStatus.ts';

const schemas = z.registry<{ id: string }>();
schemas.add(leaderStatusSchema, { id: 'LeaderStatus' });
schemas.add(
  z.object({
    ready: z.boolean().meta({
      description:
        'Every list is in, and no watch is silent for too long. A namespace that may not be read does not count while another one is served.',
    }),
    reasons: z.array(z.string()).meta({
      description:
        'Why the process is not ready, one sentence each. Names each namespace that may not be read, also when the process is ready.',
    }),
    leaders: z.array(leaderStatusSchema).meta({ description: 'Sorted by namespace, then name.' }),
  }),
  { id: 'LeaderList' },
);
schemas.add(observationsSchema, { id: 'Observations' });
schemas.add(z.object({ code: z.string(), message: z.string() }), { id: 'Problem' });

/** What both documents say of themselves. A relative server is the one that serves the document. */
export const license = { name: 'Apache License 2.0', identifier: 'Apache-2.0' } as const;
export const servers = [{ url: '/' }] as const;

const json = (name: string) => ({ 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } });
const foreignHost = { 421: { description: 'Asked for under a name that is not its own.', content: json('Problem') } };

const ofOneService = ['namespace', 'service'].map((name) => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string' },
}));

export const openApi = {
  openapi: '3.1.1',
  info: {
    title: 'zen-lead status',
    version: '1',
    license,
    description:
      'Which pod leads, since when, and whether anything is wrong. Read-only; served by zen-lead run and zen-lead bridge. A Host that is no IP address, not localhost and not a name of --status-host gets 421.',
  },
  servers,
  // Whoever reaches the port may read.
  security: [],
  paths: {
    '/v1/leaders': {
      get: {
        operationId: 'listLeaders',
        summary: 'Every annotated Service.',
        responses: {
          200: { description: 'What the watches have delivered.', content: json('LeaderList') },
          ...foreignHost,
        },
      },
    },
    '/v1/leaders/{namespace}/{service}': {
      get: {
        operationId: 'readLeader',
        summary: 'One annotated Service.',
        parameters: ofOneService,
        responses: {
          200: { description: 'Its leader.', content: json('LeaderStatus') },
          404: { description: 'Not annotated, not there, or not watched by this process.', content: json('Problem') },
          ...foreignHost,
        },
      },
    },
    '/v1/observations/{namespace}/{service}': {
      get: {
        operationId: 'readObservations',
        summary: 'What this bridge saw by itself of the pods and nodes of one Service.',
        parameters: ofOneService,
        responses: {
          200: { description: 'Its verdicts, the leader first.', content: json('Observations') },
          404: { description: 'No check, no verdict yet, or verdicts are withdrawn.', content: json('Problem') },
          ...foreignHost,
        },
      },
    },
    '/v1/events': {
      get: {
        operationId: 'watchLeaders',
        summary: 'Server-sent events: the whole state first, then each change.',
        description:
          'Events `leader` (data: LeaderStatus), `removed` (data: namespace and service), `locks` (data: a list, where this process keeps locks), `state` (data: ready and reasons; also every 15 s).',
        responses: {
          200: { description: 'A stream.', content: { 'text/event-stream': { schema: { type: 'string' } } } },
          ...foreignHost,
          503: { description: 'Too many readers; connect again after Retry-After seconds.', content: json('Problem') },
        },
      },
    },
  },
  components: { schemas: toSchemas() },
} as const;

function toSchemas(): Readonly<Record<string, unknown>> {
  const options = { target: 'draft-2020-12', io: 'output', uri: (id: string) => `#/components/schemas/${id}` } as const;
  const { schemas: made } = z.toJSONSchema(schemas, options);
  // The document says which JSON Schema this is; `$id` would move the base that `$ref` counts from.
  return Object.fromEntries(Object.entries(made).map(([id, { $schema, $id, ...schema }]) => [id, schema]));
}
