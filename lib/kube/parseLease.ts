/**
 * Parses a `coordination.k8s.io/v1` Lease, cut down to what the bridge reads.
 *
 * Guarantees: a holder that is absent or empty is null. client-go writes "" when it releases, and a
 * merge patch takes the field away.
 * Does not guarantee anything about `renewTime`. It comes from another machine's clock, and only
 * distinguishes one renewal from the next.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
 */

import type { ResourceVersion, Uid } from '../selection/snapshot.ts';
import { takeFields, takeNumber, takeOptionalFields, takeOptionalString } from './fields.ts';
import { parseMetadata } from './parseMetadata.ts';

export interface LeaseView {
  readonly uid: Uid;
  readonly resourceVersion: ResourceVersion;
  readonly holder: string | null;
  /** Null when the holder did not say for how long. */
  readonly durationMs: number | null;
  readonly transitions: number;
  /** As written. It is compared for equality only. */
  readonly renewTime: string;
  /** Only `zen-lead.io/*`. */
  readonly annotations: Readonly<Record<string, string>>;
}

export function parseLease(input: unknown): LeaseView {
  const lease = takeFields(input, 'lease');
  const { uid, resourceVersion, annotations } = parseMetadata(takeFields(lease['metadata'], 'metadata'));
  const spec = takeOptionalFields(lease, 'spec', 'lease') ?? {};
  const numberAt = (key: string): number | null =>
    spec[key] === undefined || spec[key] === null ? null : takeNumber(spec, key, 'spec');
  const seconds = numberAt('leaseDurationSeconds');
  return {
    uid,
    resourceVersion,
    holder: takeOptionalString(spec, 'holderIdentity', 'spec') || null,
    durationMs: seconds === null ? null : seconds * 1_000,
    transitions: numberAt('leaseTransitions') ?? 0,
    renewTime: takeOptionalString(spec, 'renewTime', 'spec') ?? '',
    annotations,
  };
}
