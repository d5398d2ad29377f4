/** Holds the descriptions in the CRDs of zen-flow, which `kubectl explain` shows. */

import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { renderCrds } from '../../../deploy/flow/renderCrds.ts';
import { boundsOf, withBounds } from '../../../deploy/flow/schema/bounds.ts';
import { described, integer, list, map, object, text } from '../../../deploy/flow/schema/schema.ts';

/** kubectl keeps the whole object in an annotation where it is applied without --server-side. */
const MAX_ANNOTATION_BYTES = 262_144;

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}
interface Crd {
  readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[] };
}

/** Paths of the fields that `kubectl explain` would say nothing about. */
function listSilent({ properties = {}, items }: Schema, path: string): readonly string[] {
  const inner = items === undefined ? [] : listSilent(items, path);
  return [
    ...inner,
    ...Object.entries(properties).flatMap(([name, field]) => [
      ...(field.description === undefined ? [`${path}.${name}`] : []),
      ...listSilent(field, `${path}.${name}`),
    ]),
  ];
}

describe('the descriptions', () => {
  it.each(Object.entries(renderCrds()))('are there for each field of %s, which kubectl can apply', (_file, yaml) => {
    const crd = parse(yaml) as Crd;
    const { description, properties = {} } = crd.spec.versions[0]?.schema.openAPIV3Schema ?? {};
    expect(description).toMatch(/\.$/);
    // The API server describes what every kind has.
    const { apiVersion: _, kind: __, metadata: ___, ...own } = properties;
    expect(listSilent({ properties: own }, '')).toEqual([]);
    expect(JSON.stringify(crd).length).toBeLessThan(MAX_ANNOTATION_BYTES);
  });

  it('end with default and bounds, which kubectl explain does not show', () => {
    const schema = object({
      a: described('A number.', integer(1, 5, { default: 2 })),
      b: list(object({ c: described('A text.', text(1_024)) }), 3),
    });
    expect(withBounds(schema)).toEqual(
      object({
        a: { ...integer(1, 5, { default: 2 }), description: 'A number. Default 2; 1 to 5.' },
        b: list(object({ c: { ...text(1_024), description: 'A text. Up to 1,024 characters.' } }), 3),
      }),
    );
  });

  it.each([
    [integer(1, 2_147_483_647), 'at least 1'],
    [text(52, { minLength: 1 }), '1 to 52 characters'],
    [list(text(9), 64), 'up to 64 entries, each up to 9 characters'],
    [list(object({ a: text(9) }), 64, { minItems: 1 }), '1 to 64 entries'],
    [map(text(63), 64), 'up to 64 entries, each up to 63 characters'],
    [{ type: 'boolean' }, ''],
  ])('name the bounds of %j', (schema, expected) => {
    expect(boundsOf(schema)).toBe(expected);
  });
});
