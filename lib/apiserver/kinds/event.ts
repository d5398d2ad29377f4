/**
 * Event: one storage, two API groups. It is stored in the form of v1; events.k8s.io/v1 is that with other field names.
 *
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */

import { type FieldError, invalidValue, required } from '../fieldError.ts';
import { type Fields, fieldsAt, textAt, without } from '../json.ts';
import { type KubeObject, toKubeObject } from '../kubeObject.ts';

/** events.k8s.io/v1 name -> v1 name. */
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
  const made = toKubeObject({ ...rename(event, reversed), apiVersion: 'events.k8s.io/v1' });
  converted.set(event, made);
  return made;
}

/** Every Event has these, null or empty, whoever wrote it. */
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

/** The rules that both groups share. An object without namespace is told of in `default`. */
export function validateCoreEvent(event: KubeObject): readonly FieldError[] {
  const namespace = textAt(event, 'involvedObject', 'namespace') ?? '';
  const expected = namespace === '' ? 'default' : namespace;
  return event.metadata.namespace === expected
    ? []
    : [invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace')];
}

/** events.k8s.io/v1 asks for more than v1, on creation. */
export function validateEvent(event: KubeObject, previous: KubeObject | null): readonly FieldError[] {
  if (previous !== null) return validateCoreEvent(event);
  const errors: FieldError[] = [];
  if (textAt(event, 'eventTime') === undefined) errors.push(required('eventTime'));
  const type = textAt(event, 'type') ?? '';
  if (type !== 'Normal' && type !== 'Warning') errors.push(invalidValue('type', type, `has invalid value: ${type}`));
  const isOld = textAt(event, 'eventTime') === undefined;
  for (const field of isOld ? [] : ['reportingComponent', 'reportingInstance', 'action', 'reason']) {
    const shown = field === 'reportingComponent' ? 'reportingController' : field;
    if ((textAt(event, field) ?? '') === '') errors.push(required(shown));
  }
  return [...errors, ...validateCoreEvent(event)];
}

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

export const coreEventSelectable = selectable('involvedObject', 'reportingComponent');
export const eventSelectable = selectable('regarding', 'reportingController');

/** Both read the stored form; only what a user calls the fields differs. */
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
