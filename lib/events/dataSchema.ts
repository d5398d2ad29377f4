/**
 * `dataschema` of our events: the `$id` of the JSON Schemas that writeSchemas.ts puts into
 * `schemas/`.
 *
 * A change that breaks readers takes a new version here (CloudEvents 1.0, "dataschema":
 * "incompatible changes to the schema SHOULD be reflected by a different URI").
 */

const PUBLISHED = 'https://zen-lead.io/schemas';

export const reconcileDataSchema = `${PUBLISHED}/reconcile.v1.json`;
export const replyDataSchema = `${PUBLISHED}/reply.v1.json`;
