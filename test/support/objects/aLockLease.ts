/**
 * Builds the Lease that a patch makes, as an API server would return it.
 */

import { toLeaseName } from '../../../lib/lock/lockNames.ts';
import type { LeasePatch } from '../../../lib/lock/toLeasePatch.ts';

/** Applied to an empty Lease: what the patch takes away is absent. */
export function toLease(lock: string, { metadata, spec }: LeasePatch): object {
  const identity = { namespace: 'shop', name: toLeaseName(lock), uid: `uid-${lock}`, resourceVersion: '1' };
  const annotations = Object.fromEntries(Object.entries(metadata.annotations).filter(([, value]) => value !== null));
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { ...identity, labels: metadata.labels, annotations },
    spec: Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== null)),
  };
}
