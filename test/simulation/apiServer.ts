/**
 * ApiServer: implements the verbs of a kube-apiserver that zen-lead uses, on the simulated etcd.
 * Each takes effect at one instant.
 *
 * It has what a decision can run into: AlreadyExists, 404, resourceVersion and uid preconditions,
 * patches that change nothing. `test/contract` compares the embedded API (apiserver/) with the real
 * one. This one must be small and fast.
 * Guarantees: `onWrite` gets every write, with its client, the previous object and the result.
 */

import { type ErrorCode, ZenLeadError } from '../../lib/errors.ts';
import { isEqual } from '../../lib/selection/isEqual.ts';
import type { Etcd } from './etcd.ts';
import { type KubeObject, mergePatch, NAMESPACE } from './kubeObject.ts';

export type WriteRequest =
  | { readonly verb: 'create'; readonly object: KubeObject }
  | { readonly verb: 'patch'; readonly patch: Patch }
  | { readonly verb: 'delete'; readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string } };

export interface Patch {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export interface ObservedWrite {
  /** `function-1`, `user`, `workload`, ... */
  readonly actor: string;
  readonly plural: string;
  readonly name: string;
  readonly request: WriteRequest;
  readonly before: KubeObject | null;
  /** What is there now. Null when it is gone. */
  readonly after: KubeObject | null;
  readonly outcome: 'written' | 'unchanged' | ErrorCode;
}

/** What a mutating admission webhook makes of an object that is about to be written. */
export type Webhook = (plural: string, object: KubeObject, verb: 'create' | 'patch') => KubeObject;

export interface ApiServer {
  readonly etcd: Etcd;
  create(actor: string, plural: string, object: object): KubeObject;
  patch(actor: string, plural: string, name: string, patch: object): KubeObject;
  delete(actor: string, plural: string, name: string, preconditions?: { uid?: string; resourceVersion?: string }): void;
  /** Refused where `mayEvict` says so, as by a PodDisruptionBudget. */
  evict(actor: string, name: string, uid: string): void;
  /** Null: writes are kept as they come. */
  setWebhook(webhook: Webhook | null): void;
}

export function createApiServer(
  etcd: Etcd,
  now: () => number,
  onWrite: (write: ObservedWrite) => void,
  mayEvict: (name: string) => boolean = () => true,
): ApiServer {
  let uids = 0;
  let admit: Webhook = (_plural, object) => object;

  /** Carries one request out, and reports the result to the listeners, also when it is refused. */
  function carryOut(
    actor: string,
    plural: string,
    name: string,
    request: WriteRequest,
    run: (before: KubeObject | undefined) => KubeObject | null,
  ): KubeObject | null {
    const before = etcd.read(plural, name);
    const observed = { actor, plural, name, request, before: before ?? null };
    try {
      const after = run(before);
      onWrite({ ...observed, after, outcome: after === before ? 'unchanged' : 'written' });
      return after;
    } catch (error) {
      if (error instanceof ZenLeadError) onWrite({ ...observed, after: before ?? null, outcome: error.code });
      throw error;
    }
  }

  function remove(
    plural: string,
    name: string,
    before: KubeObject | undefined,
    preconditions: { readonly uid?: string; readonly resourceVersion?: string },
  ): KubeObject | null {
    const current = requireMatch(`delete ${plural}/${name}`, before, preconditions);
    if (waitsForFinalizer(current)) return current;
    if ((current.metadata.finalizers ?? []).length > 0) {
      const metadata = { ...current.metadata, deletionTimestamp: timestamp(now()) };
      return etcd.put(plural, { ...current, metadata });
    }
    etcd.remove(plural, name);
    return null;
  }

  return {
    etcd,
    create(actor, plural, given) {
      const { name } = (given as KubeObject).metadata;
      uids += 1;
      const uid = `${plural.slice(0, 3)}-${name}-${uids}`;
      const metadata = { uid, creationTimestamp: timestamp(now()), namespace: NAMESPACE };
      const object = admit(plural, mergePatch({ metadata }, given) as KubeObject, 'create');
      const made = carryOut(actor, plural, name, { verb: 'create', object }, (before) => {
        if (before !== undefined) throw refusal('KUBE_ALREADY_EXISTS', `create ${plural}/${name}: it exists`);
        return etcd.put(plural, object);
      });
      return made ?? object;
    },
    patch(actor, plural, name, given) {
      const patch = given as Patch;
      const patched = carryOut(actor, plural, name, { verb: 'patch', patch }, (before) => {
        const { uid, resourceVersion } = patch.metadata ?? {};
        const current = requireMatch(`patch ${plural}/${name}`, before, { uid, resourceVersion });
        const identity = { metadata: { uid: current.metadata.uid, resourceVersion: current.metadata.resourceVersion } };
        const next = mergePatch(mergePatch(current, patch), identity) as KubeObject;
        if (waitsForFinalizer(current) && !waitsForFinalizer(next)) {
          etcd.remove(plural, name);
          return null;
        }
        const admitted = admit(plural, next, 'patch');
        return isEqual(admitted, current) ? current : etcd.put(plural, admitted);
      });
      return patched ?? (given as KubeObject);
    },
    delete(actor, plural, name, preconditions = {}) {
      carryOut(actor, plural, name, { verb: 'delete', preconditions }, (before) =>
        remove(plural, name, before, preconditions),
      );
    },
    setWebhook(webhook) {
      admit = webhook ?? ((_plural, object) => object);
    },
    evict(actor, name, uid) {
      const preconditions = { uid };
      carryOut(actor, 'pods', name, { verb: 'delete', preconditions }, (before) => {
        if (!mayEvict(name)) throw refusal('KUBE_EVICTION_REFUSED', `evict pods/${name}: a budget`);
        return remove('pods', name, before, preconditions);
      });
    },
  };
}

/**
 * A deleted object stays for as long as it has finalizers:
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
 */
export function waitsForFinalizer({ metadata: { deletionTimestamp, finalizers = [] } }: KubeObject): boolean {
  return deletionTimestamp !== undefined && finalizers.length > 0;
}

function requireMatch(
  attempt: string,
  current: KubeObject | undefined,
  { uid, resourceVersion }: { readonly uid?: unknown; readonly resourceVersion?: unknown },
): KubeObject {
  if (current === undefined) throw refusal('KUBE_NOT_FOUND', `${attempt}: there is none`);
  const { metadata } = current;
  if (uid !== undefined && uid !== metadata.uid) throw refusal('KUBE_CONFLICT', `${attempt}: another uid`);
  const isConditional = resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0';
  if (isConditional && resourceVersion !== metadata.resourceVersion)
    throw refusal('KUBE_CONFLICT', `${attempt}: at ${metadata.resourceVersion}, not ${resourceVersion}`);
  return current;
}

function refusal(code: ErrorCode, message: string): ZenLeadError {
  return new ZenLeadError(code, message, { retry: 'now' });
}

export function timestamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
