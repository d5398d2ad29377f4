/**
 * Fills in and validates CustomResourceDefinitions.
 *
 * Does not guarantee that a schema is structural: what is wrong with one shows when it is used.
 * Source:
 * https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/
 */

import { timestamp } from '../apiState.ts';
import { type FieldError, invalidValue, required } from '../fieldError.ts';
import { type Fields, fieldsAt, isFields, listAt, textAt, textsAt, valueAt } from '../json.ts';
import type { PrepareContext } from '../kind.ts';
import type { KubeObject } from '../kubeObject.ts';

export function prepareDefinition(definition: Fields, previous: KubeObject | null, { nowAt }: PrepareContext): Fields {
  const spec = fieldsAt(definition, 'spec');
  const given = fieldsAt(spec, 'names');
  const kind = textAt(given, 'kind') ?? '';
  const names = { singular: kind.toLowerCase(), listKind: `${kind}List`, ...given };
  const stored = listAt(spec, 'versions').filter((version) => valueAt(version, 'storage') === true);
  return {
    ...definition,
    spec: { conversion: { strategy: 'None' }, ...spec, names },
    status:
      previous === null
        ? {
            conditions: [condition('NamesAccepted', nowAt), condition('Established', nowAt)],
            acceptedNames: names,
            storedVersions: stored.map((version) => textAt(version, 'name') ?? ''),
          }
        : fieldsAt(definition, 'status'),
  };
}

function condition(type: 'NamesAccepted' | 'Established', nowAt: number): Fields {
  const [reason, message] =
    type === 'Established'
      ? ['InitialNamesAccepted', 'the initial names have been accepted']
      : ['NoConflicts', 'no conflicts found'];
  return { type, status: 'True', lastTransitionTime: timestamp(nowAt), reason, message };
}

export function validateDefinition(definition: KubeObject): readonly FieldError[] {
  const spec = fieldsAt(definition, 'spec');
  const errors: FieldError[] = [];
  const wanted = `${textAt(spec, 'names', 'plural') ?? ''}.${textAt(spec, 'group') ?? ''}`;
  const { name } = definition.metadata;
  if (name !== wanted) errors.push(invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  const versions = listAt(spec, 'versions');
  if (versions.filter((version) => valueAt(version, 'storage') === true).length !== 1) {
    const detail = 'must have exactly one version marked as storage version';
    errors.push(
      invalidValue('spec.versions', textsAt({ names: versions.map((each) => textAt(each, 'name')) }, 'names'), detail),
    );
  }
  for (const [index, version] of versions.entries()) {
    if (isFields(valueAt(version, 'schema', 'openAPIV3Schema'))) continue;
    errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required'));
  }
  return errors;
}
