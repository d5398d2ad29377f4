/**
 * Chooses the Lease that `run` and `bridge` take, from their settings. A Lease needs a name for
 * every process. The host's alone would be the same for two on one laptop, and for a container that
 * has started again.
 */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { LeaseSettings } from '../../bridge/replicas/sendingReplica.ts';
import { toLeaseTuning } from './bridgeTuning.ts';

interface LeaseValues {
  readonly leaseName: string;
  readonly leaseNamespace: string | undefined;
  readonly noLease: boolean;
  readonly leaseDurationMs: number;
  readonly leaseRenewMs: number;
}

/** `ownNamespace`: of the service account, or of the kubeconfig's context. */
export function toLeaseSettings(
  { leaseName, leaseNamespace, noLease, leaseDurationMs, leaseRenewMs }: LeaseValues,
  ownNamespace: string | undefined,
): LeaseSettings | undefined {
  if (noLease) return undefined;
  const namespace = leaseNamespace ?? ownNamespace ?? 'default';
  const tuning = toLeaseTuning(leaseDurationMs, leaseRenewMs);
  return { namespace, name: leaseName, identity: `${hostname()}_${randomUUID()}`, tuning };
}
