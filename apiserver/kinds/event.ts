/**
 * Converts, fills in and validates Events: one storage, two API groups. It stores the form of v1;
 * events.k8s.io/v1 only renames fields.
 *
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */

import { type FieldError, invalidValue, required } from '../fieldError.ts';
import { type Fields, fieldsAt, textAt, without } from '../json.ts';
import { type KubeObject, toKubeObject } from '../kubeObject.ts';

/** From the name in events.k8s.io/v1 to the name in v1. */
const names: Readonly<Record<string, string>> = {
  note: 'message',
  regarding: 'involvedObject',
  reportingController: 'reportingComponent',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
};
const reversed = Object.fromEntries(Object.entries(names).map(([from, to]) => [to, from]));

export function eventToStored(event: Fields): Fields {
  return { ...rename(event, names), apiVersion: 'v1' };
}

const converted = new WeakMap<KubeObject, KubeObject>();

export function eventFromStored(event: KubeObject): KubeObject {
  const known = converted.get(event);
  if (known !== undefined) return known;
  const renamed = rename(event, reversed);
  // These are empty in every stored event that v1 wrote; events.k8s.io/v1 leaves them out then.
  const empty = ['reportingController', 'reportingInstance'].filter((field) => renamed[field] === '');
  const made = toKubeObject({ ...without(renamed, ...empty), apiVersion: 'events.k8s.io/v1' });
  converted.set(event, made);
  return made;
}

/** Every Event has these fields, null or empty, whichever group wrote it. */
export function prepareEvent(event: Fields): Fields {
  return {
    ...event,
    involvedObject: fieldsAt(event, 'involvedObject'),
    source: fieldsAt(event, 'source'),
    firstTimestamp: textAt(event, 'firstTimestamp') ?? null,
    lastTimestamp: textAt(event, 'lastTimestamp') ?? null,
    eventTime: textAt(event, 'eventTime') ?? null,
    reportingComponent: textAt(event, 'reportingComponent') ?? '',
    reportingInstance: textAt(event, 'reportingInstance') ?? '',
  };
}

/**
 * Checks the rules that both groups share. An event with an eventTime is of the new kind and needs
 * more fields.
 */
export function validateCoreEvent(event: KubeObject): readonly FieldError[] {
  const about = textAt(event, 'involvedObject', 'namespace') ?? '';
  const { namespace } = event.metadata;
  const mismatch = [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')];
  if (textAt(event, 'eventTime') === undefined) return namespace === (about || 'default') ? [] : mismatch;
  const isHomeless = about === '' && namespace !== 'default' && namespace !== 'kube-system';
  return [...(isHomeless ? mismatch : []), ...newEventErrors(event)];
}

function newEventErrors(event: KubeObject): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const [field, shown, limit] of newFields) {
    const value = textAt(event, field) ?? '';
    if (value === '' && field !== 'message') errors.push(required(shown));
    if (value.length > limit) errors.push(invalidValue(shown, '', `can have at most ${limit} characters`));
  }
  return errors;
}

/** Stored name, name in messages, maximum length. */
const newFields = [
  ['reportingComponent', 'reportingController', 128],
  ['reportingInstance', 'reportingInstance', 128],
  ['action', 'action', 128],
  ['reason', 'reason', 128],
  ['message', 'message', 1024],
] as const;

/** On creation, events.k8s.io/v1 requires more than v1. */
export function validateEvent(event: KubeObject, previous: KubeObject | null): readonly FieldError[] {
  const errors = [...validateCoreEvent(event)];
  if (previous !== null) return errors;
  if (textAt(event, 'eventTime') === undefined) errors.unshift(required('eventTime'));
  const type = textAt(event, 'type') ?? '';
  if (type !== 'Normal' && type !== 'Warning') errors.push(invalidValue('type', '', `has invalid value: ${type}`));
  return errors;
}

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

export const coreEventSelectable = selectable('involvedObject', 'reportingComponent');
export const eventSelectable = selectable('regarding', 'reportingController');

/** Both groups read the stored form; only the names of the fields differ. */
function selectable(object: string, reporter: string): Readonly<Record<string, (event: KubeObject) => string>> {
  return {
    ...Object.fromEntries(
      involved.map((field) => [
        `${object}.${field}`,
        (event: KubeObject) => textAt(event, 'involvedObject', field) ?? '',
      ]),
    ),
    reason: (event) => textAt(event, 'reason') ?? '',
    type: (event) => textAt(event, 'type') ?? '',
    source: (event) => textAt(event, 'source', 'component') || textAt(event, 'reportingComponent') || '',
    [reporter]: (event) => textAt(event, 'reportingComponent') ?? '',
  };
}

function rename(event: Fields, to: Readonly<Record<string, string>>): Fields {
  const renamed = Object.entries(event).map(([key, value]) => [to[key] ?? key, value]);
  return without(Object.fromEntries(renamed), 'apiVersion');
}
