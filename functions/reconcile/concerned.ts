/**
 * Finds the Services that a foreign event concerns: the opted-in Services of its namespace, as they
 * are now. An event about a pod concerns those that select it or route to its name.
 * docs/reference/events.md#hints
 *
 * Guarantees: pure; sorted by name, no duplicates. Only the name in the hint is used, the rest is
 * the state read.
 */

import type { ForeignHint } from '../../lib/events/foreign.ts';
import { isOptedIn } from '../../lib/selection/optIn.ts';
import { isControlledBy } from '../../lib/selection/ownership.ts';
import { readRecord } from '../../lib/selection/record.ts';
import { selects } from '../../lib/selection/selects.ts';
import type { ServiceView } from '../../lib/selection/snapshot.ts';
import { sliceName, wantedServiceNames } from '../../lib/selection/wantedNames.ts';
import { type NamespaceRead, toSnapshot } from './readState.ts';

/** Names of source Services. */
export type FindConcerned = (state: NamespaceRead, hint: ForeignHint) => readonly string[];

export const findConcernedByPod: FindConcerned = (state, { name }) => {
  const pod = state.pods.find((each) => each.name === name);
  return findSources(state, (source) => {
    if (pod !== undefined && selects(source.selector, pod.labels)) return true;
    return readRecord(toSnapshot(state, source.name)).leader?.name === name;
  });
};

/**
 * By a Service or an EndpointSlice: the source itself, its owner, and each source that wants its
 * name.
 */
export const findConcernedByService: FindConcerned = (state, { objectKind, name }) => {
  const service = state.services.find((each) => each.name === name);
  const slice = state.slices.find((each) => each.name === name);
  return findSources(state, (source) => {
    const wanted = wantedServiceNames(source);
    if (objectKind === 'Service')
      return (
        source.name === name || wanted.includes(name) || (service !== undefined && isControlledBy(service, source.uid))
      );
    if (slice !== undefined) return isControlledBy(slice, source.uid) || wanted.includes(slice.serviceName ?? '');
    return wanted.some((each) => name === sliceName(each, 'IPv4') || name === sliceName(each, 'IPv6'));
  });
};

function findSources(state: NamespaceRead, isConcerned: (source: ServiceView) => boolean): readonly string[] {
  const sources = state.services.filter((service) => isSource(service, state) && isConcerned(service));
  return sources.map(({ name }) => name).sort();
}

/**
 * Any value of the opt-in counts, and so does any of our objects, so a misspelt opt-in and an
 * opt-out are reconciled too.
 */
function isSource(service: ServiceView, { services, slices }: NamespaceRead): boolean {
  return isOptedIn(service) || [...services, ...slices].some((object) => isControlledBy(object, service.uid));
}
