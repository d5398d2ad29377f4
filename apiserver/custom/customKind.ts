/**
 * Turns a CustomResourceDefinition into the kinds that it defines, one for each version that is
 * served.
 */

import { type Fields, fieldsAt, isFields, listAt, textAt, textsAt, valueAt, without } from '../json.ts';
import type { Kind } from '../kind.ts';
import { defineKind } from '../kinds/defineKind.ts';
import type { KubeObject } from '../kubeObject.ts';
import { type Decoded, decode } from '../schema/decode.ts';
import { schemaNamed } from '../schema/schema.ts';
import { printerColumns } from './printerColumns.ts';
import { pruneAndDefault } from './structuralSchema.ts';
import { validateValue } from './validateValue.ts';

export function customKinds(definition: KubeObject): readonly Kind[] {
  const versions = listAt(definition, 'spec', 'versions').filter(isFields);
  return versions.filter((version) => version['served'] === true).map((version) => customKind(definition, version));
}

function customKind(definition: KubeObject, version: Fields): Kind {
  const spec = fieldsAt(definition, 'spec');
  const group = textAt(spec, 'group') ?? '';
  const kind = textAt(spec, 'names', 'kind') ?? '';
  const name = textAt(version, 'name') ?? '';
  const schema = fieldsAt(version, 'schema', 'openAPIV3Schema');
  const hasStatus = valueAt(version, 'subresources', 'status') !== undefined;
  return defineKind({
    group,
    version: name,
    kind,
    plural: textAt(spec, 'names', 'plural') ?? '',
    singular: textAt(spec, 'names', 'singular') ?? kind.toLowerCase(),
    shortNames: textsAt(spec, 'names', 'shortNames'),
    categories: textsAt(spec, 'names', 'categories'),
    isNamespaced: textAt(spec, 'scope') === 'Namespaced',
    schema: [...group.split('.').reverse(), name, kind].join('.'),
    openApi: { ...schema, 'x-kubernetes-group-version-kind': [{ group, version: name, kind }] },
    collection: definition.metadata.name,
    hasStatus,
    hasGeneration: true,
    isUnconditionalUpdateAllowed: false,
    isStatusAlone: true,
    isStrategicPatchAllowed: false,
    ...printerColumns(version),
    decode: (input) => decodeCustom(schema, input),
    prepare: (object, previous) => (previous === null && hasStatus ? without(object, 'status') : object),
    validate: (object) => validateValue(schema, without(object, 'metadata'), ''),
  });
}

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** A value of another type is refused when it is validated, with 422 and not with 400. */
function decodeCustom(schema: Fields, input: Fields): Decoded {
  const metadata = decode(schemaNamed(objectMeta), fieldsAt(input, 'metadata'));
  if (metadata.kind === 'wrongType') return metadata;
  const unknownFields = metadata.unknownFields.map((field) => `metadata.${field}`);
  const root = {
    ...schema,
    properties: { ...fieldsAt(schema, 'properties'), apiVersion: {}, kind: {}, metadata: {} },
  };
  const value = pruneAndDefault(root, without(input, 'metadata'), '', unknownFields);
  return { kind: 'object', value: { ...(isFields(value) ? value : {}), metadata: metadata.value }, unknownFields };
}
