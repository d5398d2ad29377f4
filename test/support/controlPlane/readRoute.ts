/**
 * Reads where the leader Service of a story routes to, as one comparable value: what kube-proxy
 * would make of its slices.
 */

import type { Namespace } from './createNamespace.ts';
import { listSlices, type Slice } from './readObjects.ts';

/**
 * `web-0` when every family that has an endpoint routes to that pod; several names when they
 * disagree.
 */
type LeaderName = string;

interface FamilyRoute {
  readonly addressType: string;
  readonly pod: string | null;
  readonly address: string | null;
  /** `http 80/TCP`; without a name `80/TCP`. */
  readonly ports: readonly string[];
}

/** Returns one route a slice, sorted by the slice's name; none when the Service has no slice. */
export async function readRoute(namespace: Namespace, serviceName: string): Promise<readonly FamilyRoute[]> {
  return (await listSlices(namespace, serviceName)).flatMap(toFamilyRoutes);
}

/** Returns `no pod` when no slice has an endpoint, and `no slice` without slices. */
export async function readLeader(namespace: Namespace, serviceName = 'web-leader'): Promise<LeaderName> {
  const route = await readRoute(namespace, serviceName);
  if (route.length === 0) return 'no slice';
  const names = new Set(route.flatMap(({ pod }) => (pod === null ? [] : [pod])));
  return names.size === 0 ? 'no pod' : [...names].sort().join(' and ');
}

function toFamilyRoutes({ addressType, endpoints, ports }: Slice): readonly FamilyRoute[] {
  const portTexts = ports.map(({ name, port, protocol }) => `${name} ${port}/${protocol}`.trim());
  if (endpoints.length === 0) return [{ addressType, pod: null, address: null, ports: portTexts }];
  return endpoints.map(({ addresses, targetRef }) => ({
    addressType,
    pod: targetRef?.name ?? null,
    address: addresses.join(','),
    ports: portTexts,
  }));
}
