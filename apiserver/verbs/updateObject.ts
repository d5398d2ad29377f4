/**
 * Replaces a stored object, for PUT and for PATCH after the patch has been applied: preconditions,
 * immutable fields, validation.
 *
 * Guarantees: a write that changes nothing keeps the resourceVersion and sends no watch event, as
 * in the real server.
 *
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply and
 * #resource-versions
 */

import type { ApiState } from '../apiState.ts';
import { invalidValue } from '../fieldError.ts';
import { type Fields, fieldsAt, isSame, numberAt, textAt, textsAt, without } from '../json.ts';
import { type Kind, keyOf } from '../kind.ts';
import { isTerminating, type KubeObject, toKubeObject } from '../kubeObject.ts';
import { badRequest, conflict, internal, invalidObject, modified, notFound } from '../statusError.ts';
import { addressErrors } from './addressErrors.ts';
import { createObject } from './createObject.ts';
import { validateMetadata } from './validateMetadata.ts';

export interface UpdateOptions {
  readonly isDryRun: boolean;
  /** With `status`, only status and metadata are taken from the new object. */
  readonly subresource: '' | 'status';
}

interface Updated {
  readonly object: KubeObject;
  readonly isCreated: boolean;
}

export function replaceObject(
  state: ApiState,
  kind: Kind,
  namespace: string | undefined,
  name: string,
  body: Fields,
  options: UpdateOptions,
): Updated {
  checkIdentity(namespace, name, body);
  const current = state.store.read(kind.collection, keyOf(kind, namespace, name))?.object;
  const uid = textAt(body, 'metadata', 'uid') ?? '';
  const isCreatable = kind.isCreatedOnUpdate && options.subresource === '';
  if (current === undefined && !isCreatable) throw notFound(kind, name);
  if (uid !== '' && uid !== (current?.metadata.uid ?? '')) {
    const key = `/registry/${kind.collection}/${keyOf(kind, namespace, name)}`;
    const detail = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current?.metadata.uid ?? ''}`;
    throw conflict(
      kind,
      name,
      `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${detail}`,
    );
  }
  if (current === undefined) {
    const fresh = { ...body, metadata: without(fieldsAt(body, 'metadata'), 'resourceVersion', 'uid') };
    return { object: createObject(state, kind, namespace, fresh, options), isCreated: true };
  }
  return { object: storeUpdate(state, kind, current, body, options), isCreated: false };
}

/** `change` gets the object in the kind's form and returns the whole new one. */
export function changeObject(
  state: ApiState,
  kind: Kind,
  namespace: string | undefined,
  name: string,
  change: (current: KubeObject) => Fields,
  options: UpdateOptions,
): KubeObject {
  const current = state.store.read(kind.collection, keyOf(kind, namespace, name))?.object;
  if (current === undefined) throw notFound(kind, name);
  const next = change(kind.fromStored(current));
  checkIdentity(namespace, name, next);
  return storeUpdate(state, kind, current, next, options);
}

function storeUpdate(
  state: ApiState,
  kind: Kind,
  current: KubeObject,
  body: Fields,
  options: UpdateOptions,
): KubeObject {
  const { name } = current.metadata;
  checkVersion(kind, current, body);
  const stored = kind.toStored(body);
  const taken =
    options.subresource === 'status'
      ? { ...current, metadata: statusMetadata(kind, current, stored), status: stored['status'] }
      : kind.hasStatus
        ? withStatus(stored, current)
        : stored;
  const object = nextObject(state, kind, current, taken);
  const key = keyOf(kind, current.metadata.namespace, name);
  const errors = [...validateMetadata(kind, object, current), ...kind.validate(object, current)];
  const allErrors = errors.length > 0 ? errors : addressErrors(state, kind, key, object);
  if (allErrors.length > 0) throw invalidObject(kind, name, allErrors);
  if (isSame(object, current)) return current;
  if (options.isDryRun) return object;
  const { store } = state;
  if (isTerminating(object) && isFinished(object)) {
    store.remove(kind.collection, key);
    return object;
  }
  return store.write(kind.collection, key, object).object;
}

function statusMetadata(kind: Kind, current: KubeObject, stored: Fields): unknown {
  return kind.isStatusAlone ? current.metadata : stored['metadata'];
}

function nextObject(state: ApiState, kind: Kind, current: KubeObject, taken: Fields): KubeObject {
  const given = fieldsAt(taken, 'metadata');
  const kept = current.metadata;
  const metadata: Fields = {
    ...without(given, 'managedFields', 'selfLink', 'generation', 'deletionGracePeriodSeconds'),
    name: kept.name,
    ...(kept.namespace === undefined ? {} : { namespace: kept.namespace }),
    uid: textAt(given, 'uid') || kept.uid,
    resourceVersion: kept.resourceVersion,
    creationTimestamp: kept.creationTimestamp,
    ...(kept['generation'] === undefined ? {} : { generation: kept['generation'] }),
    ...(kept.deletionTimestamp === undefined
      ? {}
      : {
          deletionTimestamp: textAt(given, 'deletionTimestamp') ?? kept.deletionTimestamp,
          deletionGracePeriodSeconds: kept['deletionGracePeriodSeconds'],
        }),
  };
  const context = { nowAt: state.now(), addresses: state.addresses };
  const prepared = toKubeObject(kind.prepare({ ...taken, metadata }, current, context));
  if (!kind.hasGeneration || !isSpecChanged(kind, prepared, current)) return prepared;
  const generation = (numberAt(kept, 'generation') ?? 0) + 1;
  return toKubeObject({ ...prepared, metadata: { ...prepared.metadata, generation } });
}

/** EndpointSlices have no spec: everything but metadata counts, and their labels too. */
function isSpecChanged(kind: Kind, next: KubeObject, current: KubeObject): boolean {
  if (!isSame(without(next, 'metadata', 'status'), without(current, 'metadata', 'status'))) return true;
  return kind.collection === 'endpointslices' && !isSame(next.metadata['labels'], current.metadata['labels']);
}

function withStatus(stored: Fields, current: KubeObject): Fields {
  const rest = without(stored, 'status');
  return current['status'] === undefined ? rest : { ...rest, status: current['status'] };
}

function checkIdentity(namespace: string | undefined, name: string, body: Fields): void {
  const stated = textAt(body, 'metadata', 'name') ?? '';
  if (stated !== name) {
    throw badRequest(`the name of the object (${stated}) does not match the name on the URL (${name})`);
  }
  const statedNamespace = textAt(body, 'metadata', 'namespace') ?? '';
  if (namespace !== undefined && statedNamespace !== '' && statedNamespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/** "" and "0" overwrite any stored version, where the kind allows that. */
function checkVersion(kind: Kind, current: KubeObject, body: Fields): void {
  const stated = textAt(body, 'metadata', 'resourceVersion') ?? '';
  if (stated !== '' && !/^\d+$/.test(stated)) throw internal(`strconv.ParseUint: parsing "${stated}": invalid syntax`);
  const version = Number(stated);
  if (version === 0) {
    if (kind.isUnconditionalUpdateAllowed) return;
    const error = invalidValue('metadata.resourceVersion', 0, 'must be specified for an update');
    throw invalidObject(kind, current.metadata.name, [error]);
  }
  if (stated !== current.metadata.resourceVersion) throw modified(kind, current.metadata.name);
}

/** True when the last finalizer is gone and no grace is left to wait for. */
function isFinished(object: KubeObject): boolean {
  const graceSeconds = numberAt(object.metadata, 'deletionGracePeriodSeconds') ?? 0;
  return textsAt(object.metadata, 'finalizers').length === 0 && graceSeconds === 0;
}
