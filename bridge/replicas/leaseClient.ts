/**
 * createLeaseClient: makes the three calls about one Lease. An absent Lease, and one that another
 * replica has changed in between, are answers here and not errors.
 */

import { codeOf } from '../../lib/errors.ts';
import { type KubeApi, leases } from '../../lib/kube/kubeApi.ts';
import { type LeaseView, parseLease } from '../../lib/kube/parseLease.ts';

interface LeaseClient {
  /** Null where there is none. */
  read(signal: AbortSignal): Promise<LeaseView | null>;
  create(lease: object, signal: AbortSignal): Promise<LeaseView>;
  /** Null where it is gone, or not what the patch was decided on any more. */
  patch(patch: object, signal: AbortSignal): Promise<LeaseView | null>;
}

export function createLeaseClient(api: KubeApi, namespace: string, name: string): LeaseClient {
  return {
    async read(signal) {
      try {
        return parseLease(await api.get(leases, namespace, name, signal));
      } catch (error) {
        if (codeOf(error) !== 'KUBE_NOT_FOUND') throw error;
        return null;
      }
    },
    create: async (lease, signal) => parseLease(await api.create(leases, namespace, lease, signal)),
    async patch(patch, signal) {
      try {
        return parseLease(await api.mergePatch(leases, namespace, name, patch, signal));
      } catch (error) {
        if (codeOf(error) !== 'KUBE_CONFLICT' && codeOf(error) !== 'KUBE_NOT_FOUND') throw error;
        return null;
      }
    },
  };
}
