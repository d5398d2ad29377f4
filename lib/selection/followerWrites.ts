/**
 * followerWrites: writes the followers Service and its slices, in the low lane.
 * docs/reference/objects.md#followers: at most 1,000 endpoints in a slice.
 *
 * A slice has one list of ports, so pods whose named ports differ stand in different slices.
 */

import type { FollowersPlan } from './decision.ts';
import { addressOf } from './fitness.ts';
import { resolvePorts } from './resolvePorts.ts';
import { serviceWrites } from './serviceWrites.ts';
import type { Situation } from './situation.ts';
import { type DesiredSlice, sliceWrites, toEndpointView } from './sliceWrites.ts';
import type { EndpointView, IpFamily, SlicePort } from './snapshot.ts';
import { sliceName } from './wantedNames.ts';
import type { Write } from './write.ts';

/**
 * The API's own limit on endpoints in a slice:
 * https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
 */
const MAX_ENDPOINTS = 1_000;

export function followerWrites(situation: Situation, plan: FollowersPlan): readonly Write[] {
  const { owned, source } = situation;
  const existing = owned.services.find((service) => service.name === plan.service.name);
  return [
    ...serviceWrites(existing, plan.service, source, 'follow'),
    ...followerSlices(situation, plan).flatMap((desired) => {
      const slice = owned.slices.find((each) => each.name === desired.name);
      return sliceWrites(slice, desired, source, 'follow');
    }),
  ];
}

/**
 * Plans at least one slice per family, so that a Service without followers can be seen to have
 * none.
 */
export function followerSlices({ families, source }: Situation, plan: FollowersPlan): readonly DesiredSlice[] {
  return families.flatMap((family) => {
    const groups = groupByPorts(plan, family, source.namespace);
    return (groups.length === 0 ? [{ ports: [], endpoints: [] }] : groups).map((group, index) => ({
      name: index === 0 ? sliceName(plan.service.name, family) : `${sliceName(plan.service.name, family)}-${index + 1}`,
      serviceName: plan.service.name,
      family,
      ...group,
      ...(plan.service.election !== undefined && { election: plan.service.election }),
      annotations: {},
      annotationsDiffer: false,
    }));
  });
}

interface Group {
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly EndpointView[];
}

function groupByPorts({ service, pods }: FollowersPlan, family: IpFamily, namespace: string): readonly Group[] {
  const groups = new Map<string, { ports: readonly SlicePort[]; endpoints: EndpointView[] }>();
  for (const pod of pods) {
    const address = addressOf(pod, family);
    if (address === null) continue;
    const { ports } = resolvePorts(service.ports, pod);
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    groups.set(key, group);
    group.endpoints.push(toEndpointView(pod, address, namespace));
  }
  return [...groups.values()].flatMap(({ ports, endpoints }) =>
    Array.from({ length: Math.ceil(endpoints.length / MAX_ENDPOINTS) }, (_, i) => ({
      ports,
      endpoints: endpoints.slice(i * MAX_ENDPOINTS, (i + 1) * MAX_ENDPOINTS),
    })),
  );
}
