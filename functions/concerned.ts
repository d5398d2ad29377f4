/**
 * findConcerned: the opted-in Services that a foreign event is about. DESIGN section 2: "one about a pod concerns the opted-in
 * Services of its namespace that select it or route to its name".
 *
 * Guarantees: pure; sorted by name, no duplicates. Only the name in the hint is used, the rest is the state read.
 */

import type { ForeignHint } from '../lib/events/foreign.ts';
import { annotation } from '../lib/selection/names.ts';
import { readRecord } from '../lib/selection/record.ts';
import { selects } from '../lib/selection/selects.ts';
import type { ServiceView } from '../lib/selection/snapshot.ts';
import { sliceName, wantedServiceNames } from '../lib/selection/wantedNames.ts';
import { type NamespaceRead, toSnapshot } from './readState.ts';

export function findConcerned(state: NamespaceRead, hint: ForeignHint): readonly string[] {
  return state.services
    .filter((service) => isOptedIn(service, state) && concerns(service, state, hint))
    .map((service) => service.name)
    .sort();
}

/** Any value counts, and whoever has something of ours: a misspelt opt-in and an opt-out are looked at too. */
function isOptedIn(service: ServiceView, { services, slices }: NamespaceRead): boolean {
  if (service.annotations[annotation.enabled] !== undefined) return true;
  return [...services, ...slices].some((object) => object.owner?.uid === service.uid);
}

function concerns(source: ServiceView, state: NamespaceRead, { objectKind, name }: ForeignHint): boolean {
  if (objectKind === 'Pod') {
    const pod = state.pods.find((each) => each.name === name);
    if (pod !== undefined && selects(source.selector, pod.labels)) return true;
    const { leader } = readRecord(toSnapshot(state, source.name));
    return leader?.name === name;
  }
  const wanted = wantedServiceNames(source);
  if (objectKind === 'Service') {
    if (source.name === name || wanted.includes(name)) return true;
    return state.services.some((each) => each.name === name && each.owner?.uid === source.uid);
  }
  const slice = state.slices.find((each) => each.name === name);
  if (slice !== undefined) return slice.owner?.uid === source.uid || wanted.includes(slice.serviceName ?? '');
  return wanted.some((each) => name === sliceName(each, 'IPv4') || name === sliceName(each, 'IPv6'));
}
