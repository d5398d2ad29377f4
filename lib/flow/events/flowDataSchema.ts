/**
 * `dataschema` of the events of flows: where the JSON Schemas are that functions serve under
 * /schemas. docs/reference/events.md
 */

import { PUBLISHED_SCHEMAS, schemaAt } from '../../events/dataSchema.ts';

export const flowSchemaFile = {
  event: 'flow.v1.json',
  reply: 'flow-reply.v1.json',
  announcement: 'flow-announcement.v1.json',
} as const;

export const announcementDataSchema = `${PUBLISHED_SCHEMAS}/${flowSchemaFile.announcement}`;

/** Under a base of the operator's own, else where they are published. */
export function flowDataSchemaAt(base: string | undefined): string {
  return schemaAt(base, flowSchemaFile.event);
}
