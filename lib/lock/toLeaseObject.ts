/**
 * toLeaseObject: the Lease that the first decision about a lock creates.
 *
 * Pure.
 */

import { toLeaseName } from './lockNames.ts';
import type { LeasePatch } from './toLeasePatch.ts';

export function toLeaseObject(namespace: string, lock: string, { metadata, spec }: LeasePatch): object {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace, name: toLeaseName(lock), ...withoutNull(metadata) },
    spec: withoutNull(spec),
  };
}

/** A create has nothing to take away. */
function withoutNull(value: object): object {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== null)
      .map(([key, each]) => [key, typeof each === 'object' ? withoutNull(each) : each]),
  );
}
