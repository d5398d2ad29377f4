/**
 * Fills in what most kinds have in common, so that each entry of the tables names only what is
 * special about it.
 */

import type { Fields } from '../json.ts';
import type { Kind } from '../kind.ts';
import { isDns1123Subdomain } from '../nameRules.ts';
import { decode } from '../schema/decode.ts';
import { schemaNamed } from '../schema/schema.ts';
import { ageCell } from '../tables/age.ts';

type Given = Pick<Kind, 'group' | 'version' | 'kind' | 'plural' | 'schema'> & Partial<Kind>;

export function defineKind(given: Given): Kind {
  return {
    singular: given.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    isNamespaced: true,
    collection: given.plural,
    hasStatus: false,
    isStatusAlone: false,
    isStrategicPatchAllowed: true,
    hasGeneration: false,
    isCreatedOnUpdate: false,
    isUnconditionalUpdateAllowed: true,
    isDeletedReturned: false,
    nameRule: isDns1123Subdomain,
    columns: [{ name: 'Name' }, { name: 'Age' }],
    cells: (object, nowAt) => [object.metadata.name, ageCell(object, nowAt)],
    selectable: {},
    decode: (input) => decode(schemaNamed(given.schema), input),
    prepare: (object: Fields) => object,
    validate: () => [],
    toStored: (object) => object,
    fromStored: (object) => object,
    ...given,
  };
}
