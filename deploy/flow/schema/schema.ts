/**
 * Builds the parts of a structural schema, as a CustomResourceDefinition has them.
 * Source:
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */

export type Schema = Readonly<Record<string, unknown>>;

/** One short sentence: what the field means, and its unit. bounds.ts adds default and bounds. */
export const described = (description: string, schema: Schema): Schema => ({ description, ...schema });

export const text = (maxLength: number, more: Schema = {}): Schema => ({ type: 'string', maxLength, ...more });
export const choice = (values: readonly string[], more: Schema = {}): Schema => ({
  type: 'string',
  enum: values,
  ...more,
});
export const integer = (minimum: number, maximum: number, more: Schema = {}): Schema => ({
  type: 'integer',
  minimum,
  maximum,
  ...more,
});
export const flag = (more: Schema = {}): Schema => ({ type: 'boolean', ...more });
export const list = (items: Schema, maxItems: number, more: Schema = {}): Schema => ({
  type: 'array',
  'x-kubernetes-list-type': 'atomic',
  maxItems,
  items,
  ...more,
});
export const object = (properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema => ({
  type: 'object',
  properties,
  ...more,
});
export const map = (values: Schema, maxProperties: number, more: Schema = {}): Schema => ({
  type: 'object',
  maxProperties,
  additionalProperties: values,
  ...more,
});

export const date: Schema = { type: 'string', format: 'date-time' };
/** Of the API server's own counts, which have no bounds of ours. */
export const revision: Schema = { type: 'integer', format: 'int64' };
/** Another schema checks what is in it, or zen-flow does. */
export const anything: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** What the API server adds by itself has its own descriptions. */
export const kindOf = (
  description: string,
  properties: Readonly<Record<string, Schema>>,
  more: Schema = {},
): Schema => ({
  description,
  ...object({ apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' }, ...properties }),
  ...more,
});
