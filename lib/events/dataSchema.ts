/**
 * `dataschema` of our events: where the JSON Schemas are published that writeSchemas.ts puts into
 * `schemas/`. A bridge may name another place with the same files, such as the functions.
 *
 * A change that breaks readers takes a new version here (CloudEvents 1.0, "dataschema":
 * "incompatible changes to the schema SHOULD be reflected by a different URI").
 */

const PUBLISHED = 'https://raw.githubusercontent.com/kube-zen/zen-lead/main/schemas';

export const reconcileDataSchema = `${PUBLISHED}/reconcile.v1.json`;
export const replyDataSchema = `${PUBLISHED}/reply.v1.json`;

/** The schema of reconcile data under a base of the operator's own. */
export function reconcileDataSchemaAt(base: string | undefined): string {
  return base === undefined ? reconcileDataSchema : `${base.replace(/\/$/, '')}/reconcile.v1.json`;
}
