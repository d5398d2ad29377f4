/**
 * Refuses metadata that the API server would refuse: names, labels, annotations, owners,
 * finalizers.
 */

import { type FieldError, forbidden, invalidValue, required } from '../fieldError.ts';
import { fieldsAt, listAt, textAt, textsAt, valueAt } from '../json.ts';
import type { Kind } from '../kind.ts';
import { isTerminating, type KubeObject } from '../kubeObject.ts';
import { isLabelValue, qualifiedNameProblems } from '../nameRules.ts';

/** Limit of the keys and values of all annotations, in bytes. */
const annotationsLimitBytes = 256 * 1024;

export function validateMetadata(kind: Kind, object: KubeObject, previous: KubeObject | null): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { name } = object.metadata;
  if (name === '') errors.push(required('metadata.name', 'name or generateName is required'));
  const nameProblem = name === '' ? undefined : kind.nameRule(name);
  if (nameProblem !== undefined) errors.push(invalidValue('metadata.name', name, nameProblem));
  errors.push(...labelErrors(object), ...annotationErrors(object), ...ownerErrors(object));
  for (const finalizer of textsAt(object.metadata, 'finalizers')) {
    errors.push(...keyErrors('metadata.finalizers', finalizer, finalizer));
  }
  if (previous !== null) errors.push(...updateErrors(object, previous));
  return errors;
}

function updateErrors(object: KubeObject, previous: KubeObject): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (object.metadata.uid !== previous.metadata.uid) {
    const error = invalidValue('metadata.uid', object.metadata.uid, 'field is immutable');
    errors.push(error, error); // the real server checks it twice and lists the cause twice
  }
  const { deletionTimestamp } = object.metadata;
  if (deletionTimestamp !== previous.metadata.deletionTimestamp) {
    errors.push(invalidValue('metadata.deletionTimestamp', deletionTimestamp ?? null, 'field is immutable'));
  }
  const before = textsAt(previous.metadata, 'finalizers');
  const added = textsAt(object.metadata, 'finalizers').filter((each) => !before.includes(each));
  if (isTerminating(previous) && added.length > 0) {
    const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`;
    errors.push(forbidden('metadata.finalizers', detail));
  }
  return errors;
}

function labelErrors(object: KubeObject): readonly FieldError[] {
  return Object.entries(fieldsAt(object.metadata, 'labels')).flatMap(([key, value]) => {
    const valueProblem = isLabelValue(String(value));
    return [
      ...keyErrors('metadata.labels', key, key),
      ...(valueProblem === undefined ? [] : [invalidValue('metadata.labels', value, valueProblem)]),
    ];
  });
}

function annotationErrors(object: KubeObject): readonly FieldError[] {
  const annotations = Object.entries(fieldsAt(object.metadata, 'annotations'));
  const errors = annotations.flatMap(([key]) => keyErrors('metadata.annotations', key, key.toLowerCase()));
  const bytes = annotations.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)),
    0,
  );
  if (bytes <= annotationsLimitBytes) return errors;
  const message = `Too long: may not be more than ${annotationsLimitBytes} bytes`;
  return [...errors, { reason: 'FieldValueTooLong', field: 'metadata.annotations', message }];
}

function ownerErrors(object: KubeObject): readonly FieldError[] {
  const owners = listAt(object.metadata, 'ownerReferences');
  const at = 'metadata.ownerReferences';
  const errors = owners.flatMap((owner) =>
    ['apiVersion', 'kind', 'name', 'uid'].flatMap((field) => {
      if ((textAt(owner, field) ?? '') !== '') return [];
      const detail = field === 'apiVersion' ? 'version must not be empty' : 'must not be empty';
      return [invalidValue(`${at}.${field}`, '', detail)];
    }),
  );
  const controllers = owners.filter((owner) => valueAt(owner, 'controller') === true);
  if (controllers.length < 2) return errors;
  const names = controllers.map((owner) => `${textAt(owner, 'kind')}/${textAt(owner, 'name')}`);
  const detail = `Only one reference can have Controller set to true. Found "true" in references for ${names[0]} and ${names[1]}`;
  return [...errors, invalidValue(at, owners, detail)];
}

function keyErrors(field: string, shown: string, key: string): readonly FieldError[] {
  return qualifiedNameProblems(key).map((problem) => invalidValue(field, shown, problem));
}
