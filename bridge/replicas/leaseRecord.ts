/**
 * Builds what is written into the Lease: a new one, a taking, a renewal, a release. Pure.
 *
 * Guarantees: every patch carries the uid and the resourceVersion that it was decided on (S3). So
 * of two replicas that take the Lease at once one gets a conflict. The times are for people
 * (`kubectl get lease`): no replica compares them with its own clock.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
 * (MicroTime: exactly six digits)
 */

import type { LeaseView } from '../../lib/kube/parseLease.ts';

export interface LeaseIdentity {
  readonly namespace: string;
  readonly name: string;
  /** Of this process and no other: host name and a random part. */
  readonly identity: string;
  /** What this replica watches; replicas that watch something else must not share a Lease. */
  readonly scope: string;
  readonly durationMs: number;
}

/** On the Lease: the namespaces that its holder watches, or `*`. */
export const SCOPE_ANNOTATION = 'zen-lead.io/watches';

export function toNewLease({ namespace, name, identity, scope, durationMs }: LeaseIdentity, now: number): object {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace, name, annotations: { [SCOPE_ANNOTATION]: scope } },
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: toSeconds(durationMs),
      acquireTime: toMicroTime(now),
      renewTime: toMicroTime(now),
      leaseTransitions: 0,
    },
  };
}

export function toTaking(seen: LeaseView, { identity, scope, durationMs }: LeaseIdentity, now: number): object {
  return {
    metadata: { ...versionOf(seen), annotations: { [SCOPE_ANNOTATION]: scope } },
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: toSeconds(durationMs),
      acquireTime: toMicroTime(now),
      renewTime: toMicroTime(now),
      leaseTransitions: seen.transitions + 1,
    },
  };
}

export function toRenewal(seen: LeaseView, now: number): object {
  return { metadata: versionOf(seen), spec: { renewTime: toMicroTime(now) } };
}

/**
 * The next one need not wait. The number of transitions stays: it grows when a replica takes it.
 */
export function toRelease(seen: LeaseView, now: number): object {
  return { metadata: versionOf(seen), spec: { holderIdentity: null, renewTime: toMicroTime(now) } };
}

function versionOf({ uid, resourceVersion }: LeaseView): object {
  return { uid, resourceVersion };
}

/** The API takes whole seconds, one at least. */
function toSeconds(durationMs: number): number {
  return Math.max(1, Math.ceil(durationMs / 1_000));
}

function toMicroTime(at: number): string {
  return new Date(at).toISOString().replace('Z', '000Z');
}
