/**
 * findProblems: what a manifest has that its published schema does not know, lacks, or types otherwise. Used by manifests.test.ts.
 *
 * Guarantees: a field that is misspelt, in the wrong place, or of the wrong type is found; a required one that is missing too.
 * Not guaranteed: formats, patterns and what only the API server's code checks; the e2e and cluster suites ask the server itself.
 * Source: OpenAPI 3.0 as Kubernetes publishes it; https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
}

/** Follows a `$ref`. */
export type Resolve = (reference: string) => Schema;

/** One sentence each, with the path of the field. */
export function findProblems(value: unknown, schema: Schema, resolve: Resolve, path = ''): readonly string[] {
  if (schema.$ref !== undefined) return findProblems(value, resolve(schema.$ref), resolve, path);
  const [only] = schema.allOf ?? [];
  if (only !== undefined && schema.properties === undefined) return findProblems(value, only, resolve, path);
  if (schema['x-kubernetes-int-or-string'] === true || schema.oneOf !== undefined)
    return ['string', 'number'].includes(typeof value) ? [] : [`${path}: is neither text nor a number`];
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return [`${path}: is none of ${schema.enum.join(', ')}`];
  if (Array.isArray(value)) {
    if (schema.type !== 'array' || schema.items === undefined) return [`${path}: is a list, wanted ${schema.type}`];
    const { items } = schema;
    return value.flatMap((each, index) => findProblems(each, items, resolve, `${path}[${index}]`));
  }
  if (isObject(value)) return findProblemsOfObject(value, schema, resolve, path);
  if (schema.type !== undefined && schema.type !== typeOf(value))
    return [`${path}: is ${typeOf(value)}, wanted ${schema.type}`];
  return [];
}

function findProblemsOfObject(
  value: Readonly<Record<string, unknown>>,
  schema: Schema,
  resolve: Resolve,
  path: string,
): readonly string[] {
  if (schema.type !== undefined && schema.type !== 'object') return [`${path}: is an object, wanted ${schema.type}`];
  const { properties = {}, additionalProperties, required = [] } = schema;
  const missing = required.filter((name) => value[name] === undefined).map((name) => `${path}.${name}: is missing`);
  const isOpen =
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    additionalProperties === true ||
    (schema.properties === undefined && additionalProperties === undefined);
  const known = Object.entries(value).flatMap(([name, each]) => {
    const property = properties[name] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (property !== undefined) return findProblems(each, property, resolve, `${path}.${name}`);
    return isOpen ? [] : [`${path}.${name}: is not a field`];
  });
  return [...missing, ...known];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
