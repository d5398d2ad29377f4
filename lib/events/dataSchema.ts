/**
 * `dataschema` of our events: where the JSON Schemas are published that writeSchemas.ts puts into
 * `schemas/`. A bridge may name another place with the same files, such as the functions.
 *
 * A change that breaks readers takes a new version here (CloudEvents 1.0, "dataschema":
 * "incompatible changes to the schema SHOULD be reflected by a different URI").
 */

export const PUBLISHED_SCHEMAS = 'https://raw.githubusercontent.com/kube-zen/zen-lead/main/schemas';

export const reconcileDataSchema = `${PUBLISHED_SCHEMAS}/reconcile.v1.json`;
export const replyDataSchema = `${PUBLISHED_SCHEMAS}/reply.v1.json`;

/** The schema of reconcile data under a base of the operator's own. */
export function reconcileDataSchemaAt(base: string | undefined): string {
  return schemaAt(base, 'reconcile.v1.json');
}

/** One of the files under a base of the operator's own, else where they are published. */
export function schemaAt(base: string | undefined, file: string): string {
  return `${base === undefined ? PUBLISHED_SCHEMAS : base.replace(/\/$/, '')}/${file}`;
}
