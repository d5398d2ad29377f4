/**
 * Fills in the defaults of a flow, and who created it.
 *
 * The API server fills in the defaults of the CRD before it asks. They are filled in again for a
 * cluster whose CRD has none. `initiated-by` is always the user who created the flow: what the flow
 * itself says is replaced, and a later write neither changes it nor adds it to a flow that was
 * created without.
 */

import { specSchema } from '../deploy/flow/schema/specSchema.ts';
import { isObject } from '../lib/flow/spec/fieldReader.ts';
import type { Json, JsonObject } from '../lib/flow/spec/flowSpec.ts';
import { annotation } from '../lib/flow/state/names.ts';
import type { PatchOperation, Review, Verdict } from './admissionReview.ts';

interface Schema {
  readonly default?: Json;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

export function mutateReview({ operation, object, oldObject, user }: Review): Verdict {
  const isWrite = operation === 'CREATE' || operation === 'UPDATE';
  if (!isWrite || object === null) return { refusal: null, warnings: [], patch: [] };
  const initiator = operation === 'CREATE' ? user.slice(0, MAX_USER) : initiatorOf(oldObject ?? {});
  const patch = [...initiatorPatch(object, initiator), ...defaultsPatch(specSchema as Schema, object['spec'], '/spec')];
  return { refusal: null, warnings: [], patch };
}

/** As long as a parser of flows keeps of an annotation. */
const MAX_USER = 256;

function initiatorOf({ metadata }: JsonObject): string | null {
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined;
  const value = isObject(annotations) ? annotations[annotation.initiatedBy] : undefined;
  return typeof value === 'string' ? value : null;
}

function initiatorPatch(object: JsonObject, wanted: string | null): readonly PatchOperation[] {
  const path = `/metadata/annotations/${annotation.initiatedBy.replaceAll('/', '~1')}`;
  if (initiatorOf(object) === wanted) return [];
  if (wanted === null) return [{ op: 'remove', path }];
  const { metadata } = object;
  const hasAnnotations = isObject(metadata) && isObject(metadata['annotations']);
  if (!hasAnnotations)
    return [{ op: 'add', path: '/metadata/annotations', value: { [annotation.initiatedBy]: wanted } }];
  return [{ op: 'add', path, value: wanted }];
}

function defaultsPatch(schema: Schema, value: Json | undefined, path: string): readonly PatchOperation[] {
  const { items } = schema;
  // A list in a template has none, and may be nested deeper than a stack has room.
  if (Array.isArray(value))
    return items === undefined
      ? []
      : value.flatMap((each: Json, index) => defaultsPatch(items, each, `${path}/${index}`));
  if (!isObject(value)) return [];
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]): readonly PatchOperation[] => {
    const own = value[key];
    if (own !== undefined) return defaultsPatch(property, own, `${path}/${key}`);
    if (property.default === undefined) return [];
    return [{ op: 'add', path: `${path}/${key}`, value: filled(property, property.default) }];
  });
}

/** The default of an object lacks what the defaults of its fields add. */
function filled(schema: Schema, value: Json): Json {
  if (!isObject(value)) return value;
  const defaults = Object.entries(schema.properties ?? {}).flatMap(([key, property]): [string, Json][] =>
    property.default === undefined ? [] : [[key, filled(property, property.default)]],
  );
  return { ...Object.fromEntries(defaults), ...value };
}
