/**
 * createLeaseStore: makes the calls about the Leases of locks. An absent Lease, and one that
 * another replica has changed in between, are answers here and not errors.
 *
 * Guarantees: every patch carries the uid and the resourceVersion that it was decided on. So of two
 * replicas that decide at once one gets a conflict.
 */

import { codeOf } from '../../lib/errors.ts';
import { type KubeApi, leases } from '../../lib/kube/kubeApi.ts';
import { toLeaseName } from '../../lib/lock/lockNames.ts';
import { type LockView, parseLock } from '../../lib/lock/parseLock.ts';
import { toLeaseObject } from '../../lib/lock/toLeaseObject.ts';
import type { LeasePatch } from '../../lib/lock/toLeasePatch.ts';

export interface LockName {
  readonly namespace: string;
  readonly name: string;
}

export interface LeaseStore {
  /** Null where there is none. Throws `INPUT_INVALID` for a Lease that is not that of a lock. */
  read(lock: LockName, signal: AbortSignal): Promise<LockView | null>;
  /** Null where the Lease is not what the patch was decided on any more. */
  write(lock: LockName, seen: LockView | null, patch: LeasePatch, signal: AbortSignal): Promise<LockView | null>;
}

export function createLeaseStore(api: KubeApi): LeaseStore {
  return {
    async read({ namespace, name }, signal) {
      try {
        return parseLock(await api.get(leases, namespace, toLeaseName(name), signal));
      } catch (error) {
        if (codeOf(error) !== 'KUBE_NOT_FOUND') throw error;
        return null;
      }
    },
    async write({ namespace, name }, seen, { metadata, spec }, signal) {
      const lease = toLeaseName(name);
      try {
        if (seen === null) {
          const object = toLeaseObject(namespace, name, { metadata, spec });
          return parseLock(await api.create(leases, namespace, object, signal));
        }
        const { uid, resourceVersion } = seen;
        const patch = { metadata: { ...metadata, uid, resourceVersion }, spec };
        return parseLock(await api.mergePatch(leases, namespace, lease, patch, signal));
      } catch (error) {
        const code = codeOf(error);
        if (code === 'KUBE_CONFLICT' || code === 'KUBE_ALREADY_EXISTS') return null;
        // Of a patch: deleted by hand. Of a create: there is no such namespace.
        if (code === 'KUBE_NOT_FOUND' && seen !== null) return null;
        throw error;
      }
    },
  };
}
