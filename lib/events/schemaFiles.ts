/**
 * Turns the zod schemas of data into the JSON Schemas of `schemas/`, which functions also serve.
 *
 * Source: JSON Schema 2020-12, which zod's toJSONSchema writes. Unknown properties are allowed,
 * because the schemas describe the input.
 */

import { z } from 'zod';
import { reconcileDataSchema, replyDataSchema } from './dataSchema.ts';
import { reconcileDataZod } from './reconcileSchema.ts';
import { replyDataZod } from './replySchema.ts';

/** File names under `schemas/`, with what belongs into each. */
export function toSchemaFiles(): ReadonlyMap<string, string> {
  return new Map([
    [
      fileName(reconcileDataSchema),
      toSchemaText(reconcileDataZod, reconcileDataSchema, 'Data of io.zen-lead.pod.* and io.zen-lead.service.*'),
    ],
    [fileName(replyDataSchema), toSchemaText(replyDataZod, replyDataSchema, 'Data of io.zen-lead.leader.*')],
  ]);
}

export function toSchemaText(schema: z.ZodType, id: string, title: string): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' });
  return `${JSON.stringify({ $schema, $id: id, title, ...rest }, null, 2)}\n`;
}

function fileName(uri: string): string {
  return uri.slice(uri.lastIndexOf('/') + 1);
}
