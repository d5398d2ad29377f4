/**
 * Offers the verbs of the API in process, for tests, simulations and benchmarks.
 *
 * Guarantees: defaults, checks, revisions and watch events are the same as over HTTP. It hands out
 * frozen objects and copies what it is given.
 * Errors: StatusError, with the Status that HTTP would have returned.
 */

import type { ApiState } from './apiState.ts';
import { type Fields, isFields, textAt } from './json.ts';
import { groupVersionOf, type Kind, keyOf } from './kind.ts';
import type { KubeObject } from './kubeObject.ts';
import { applyPatch } from './patch/applyPatch.ts';
import type { ChangeListener } from './revisionStore.ts';
import { badRequest } from './statusError.ts';
import { createObject } from './verbs/createObject.ts';
import { decodeBody } from './verbs/decodeBody.ts';
import { type Deleted, type DeleteOptions, deleteObject } from './verbs/deleteObject.ts';
import { changeObject } from './verbs/updateObject.ts';

/**
 * Names an object: `{ resource: 'pods', namespace: 'default', name: 'db-0' }`. A cluster-scoped one
 * has no `namespace`.
 */
interface ObjectRef {
  readonly resource: string;
  readonly namespace?: string;
  readonly name: string;
}

export interface Objects {
  /** `apiVersion` and `kind` name the resource; the namespace defaults to `default`. */
  readonly create: (object: object) => KubeObject;
  readonly read: (ref: ObjectRef) => KubeObject | undefined;
  /** Sorted by namespace and name. */
  readonly list: (resource: string, namespace?: string) => readonly KubeObject[];
  /** Applies a merge patch. */
  readonly patch: (ref: ObjectRef, patch: object) => KubeObject;
  /** Applies a merge patch to `/status`. */
  readonly patchStatus: (ref: ObjectRef, patch: object) => KubeObject;
  readonly delete: (ref: ObjectRef, options?: Omit<DeleteOptions, 'isDryRun'>) => Deleted;
  /**
   * Calls the listener for each change, before the write that makes it returns. Returns the
   * function that ends it.
   */
  readonly subscribe: (resource: string, listener: ChangeListener) => () => void;
}

export function createObjects(state: ApiState): Objects {
  const kindOf = (resource: string): Kind => {
    const kind = state.kinds.find((each) => each.plural === resource);
    if (kind === undefined) throw badRequest(`no resource is called ${resource}`);
    return kind;
  };
  const change = (ref: ObjectRef, patch: object, subresource: '' | 'status'): KubeObject => {
    const kind = kindOf(ref.resource);
    const copy: unknown = structuredClone(patch);
    const apply = (current: KubeObject) => applyPatch(kind, current, 'merge', copy, 'Ignore').object;
    return changeObject(state, kind, ref.namespace, ref.name, apply, { isDryRun: false, subresource });
  };
  return {
    create(object) {
      const body: unknown = object;
      const fields: Fields = isFields(body) ? body : {};
      const [apiVersion, name] = [textAt(fields, 'apiVersion'), textAt(fields, 'kind')];
      const kind = state.kinds.find((each) => each.kind === name && groupVersionOf(each) === apiVersion);
      if (kind === undefined) throw badRequest(`no kind is called ${apiVersion} ${name}`);
      const namespace = kind.isNamespaced ? (textAt(fields, 'metadata', 'namespace') ?? 'default') : undefined;
      return createObject(state, kind, namespace, decodeBody(kind, fields, 'Ignore').object, { isDryRun: false });
    },
    read({ resource, namespace, name }) {
      const kind = kindOf(resource);
      return state.store.read(kind.collection, keyOf(kind, namespace, name))?.object;
    },
    list(resource, namespace) {
      const objects = state.store.list(kindOf(resource).collection).map(({ object }) => object);
      return namespace === undefined ? objects : objects.filter((object) => object.metadata.namespace === namespace);
    },
    patch: (ref, patch) => change(ref, patch, ''),
    patchStatus: (ref, patch) => change(ref, patch, 'status'),
    delete(ref, options = {}) {
      return deleteObject(state, kindOf(ref.resource), ref.namespace, ref.name, { ...options, isDryRun: false });
    },
    subscribe: (resource, listener) => state.store.subscribe(kindOf(resource).collection, listener),
  };
}
