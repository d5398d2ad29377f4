/**
 * Finds the Services that a foreign event concerns: the opted-in Services of its namespace, as they
 * are now. An event about a pod concerns those that select it or route to its name.
 * docs/reference/events.md#hints
 *
 * Guarantees: pure; sorted by name, no duplicates. Only the name in the hint is used, the rest is
 * the state read. Costs as much as the namespace has sources.
 */

import type { ForeignHint } from '../../lib/events/foreign.ts';
import { isControlledBy } from '../../lib/selection/ownership.ts';
import { selects } from '../../lib/selection/selects.ts';
import type { PodView, SliceView } from '../../lib/selection/snapshot.ts';
import { wantedSliceNames } from '../../lib/selection/wantedNames.ts';
import type { Catalogue, CatalogueEntry } from './catalogue.ts';

/** The object that the hint names, as it is now; undefined where it has gone. */
export interface Named {
  readonly pod?: PodView | undefined;
  readonly slice?: SliceView | undefined;
}

/** Names of source Services. */
export type FindConcerned = (catalogue: Catalogue, hint: ForeignHint, named: Named) => readonly string[];

export const findConcernedByPod: FindConcerned = ({ sources }, { name }, { pod }) =>
  namesOf(
    sources.filter(
      ({ source, leaders }) => leaders.has(name) || (pod !== undefined && selects(source.selector, pod.labels)),
    ),
  );

/**
 * By a Service or an EndpointSlice: the source itself, its owner, and each source that wants its
 * name.
 */
export const findConcernedByService: FindConcerned = ({ sources, services }, { objectKind, name }, { slice }) => {
  const service = services.get(name);
  return namesOf(
    sources.filter(({ source, wanted }) => {
      if (objectKind === 'Service')
        return (
          source.name === name ||
          wanted.includes(name) ||
          (service !== undefined && isControlledBy(service, source.uid))
        );
      if (slice !== undefined) return isControlledBy(slice, source.uid) || wanted.includes(slice.serviceName ?? '');
      return wanted.some((each) => wantedSliceNames(each, source).includes(name));
    }),
  );
};

function namesOf(entries: readonly CatalogueEntry[]): readonly string[] {
  return entries.map(({ source }) => source.name);
}
