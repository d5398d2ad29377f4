/**
 * Creates an object: namespace, name, metadata, defaults, validation, addresses, storage, in the
 * real server's order.
 */

import { randomInt } from 'node:crypto';
import { type ApiState, timestamp } from '../apiState.ts';
import { type Fields, fieldsAt, isFields, textAt, textsAt } from '../json.ts';
import { type Kind, keyOf } from '../kind.ts';
import { isTerminating, type KubeObject, toKubeObject } from '../kubeObject.ts';
import { alreadyExists, badRequest, internal, invalidObject, notFound, StatusError } from '../statusError.ts';
import { addressErrors } from './addressErrors.ts';
import { validateMetadata } from './validateMetadata.ts';

export interface CreateOptions {
  /** Checks everything and stores nothing. */
  readonly isDryRun: boolean;
}

/** `body` is decoded, in the kind's own form. Returns the stored form, as all verbs do. */
export function createObject(
  state: ApiState,
  kind: Kind,
  namespace: string | undefined,
  body: Fields,
  options: CreateOptions,
): KubeObject {
  const given = fieldsAt(body, 'metadata');
  const name = textAt(given, 'name') || generatedName(given);
  checkNamespace(state, kind, namespace, name, textAt(given, 'namespace') ?? '');
  const metadata: Fields = {
    ...identity(given, name, kind.isNamespaced ? namespace : undefined),
    uid: state.newUid(),
    ...(kind.hasGeneration ? { generation: 1 } : {}),
    creationTimestamp: timestamp(state.now()),
    ...carried(given),
  };
  const stored = kind.toStored({ ...body, metadata });
  const prepared = kind.prepare(stored, null, { nowAt: state.now(), addresses: state.addresses });
  const object = toKubeObject(prepared);
  const key = keyOf(kind, namespace, name);
  const errors = [...validateMetadata(kind, object, null), ...kind.validate(object, null)];
  const allErrors = errors.length > 0 ? errors : addressErrors(state, kind, key, object);
  if (allErrors.length > 0) throw invalidObject(kind, name, allErrors);
  const version = textAt(given, 'resourceVersion') ?? '';
  if (version !== '' && version !== '0') throw internal('resourceVersion should not be set on objects to be created');
  if (state.store.read(kind.collection, key) !== undefined) throw alreadyExists(kind, name);
  if (options.isDryRun) return object;
  return state.store.write(kind.collection, key, object).object;
}

function checkNamespace(
  state: ApiState,
  kind: Kind,
  namespace: string | undefined,
  name: string,
  stated: string,
): void {
  if (!kind.isNamespaced || namespace === undefined) return;
  if (stated !== '' && stated !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const namespaceKind = state.kinds.find((each) => each.kind === 'Namespace');
  const entry = state.store.read('namespaces', namespace);
  if (entry === undefined && namespaceKind !== undefined) throw notFound(namespaceKind, namespace);
  if (entry === undefined || !isTerminating(entry.object)) return;
  const resource = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
  const message = `${resource} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`;
  throw new StatusError(403, 'Forbidden', message, {
    name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}

/** Takes five letters of apimachinery's alphabet, which has no vowels so that no words come out. */
function generatedName(metadata: Fields): string {
  const prefix = textAt(metadata, 'generateName') ?? '';
  if (prefix === '') return '';
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  return prefix.slice(0, 58) + Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('');
}

function identity(given: Fields, name: string, namespace: string | undefined): Fields {
  const generateName = textAt(given, 'generateName') ?? '';
  return {
    name,
    ...(generateName === '' ? {} : { generateName }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

/** Keeps what a client may write of metadata. managedFields are not kept here. */
function carried(given: Fields): Fields {
  return {
    ...(isFields(given['labels']) ? { labels: given['labels'] } : {}),
    ...(isFields(given['annotations']) ? { annotations: given['annotations'] } : {}),
    ...(Array.isArray(given['ownerReferences']) ? { ownerReferences: given['ownerReferences'] } : {}),
    ...(textsAt(given, 'finalizers').length > 0 ? { finalizers: given['finalizers'] } : {}),
  };
}
