/**
 * ServiceIndex: the Services of one namespace, who is opted in, which of them are ours and for
 * whom, and who wants which name. Part of the store.
 */

import { isOptedIn } from '../../lib/selection/optIn.ts';
import { sourceOfOurService } from '../../lib/selection/ownership.ts';
import type { ServiceView } from '../../lib/selection/snapshot.ts';
import { wantedServiceNames } from '../../lib/selection/wantedNames.ts';
import { createObjectIndex, type ObjectIndex } from '../watch/objectIndex.ts';
import { createMultiMap } from './multiMap.ts';

export interface ServiceIndex extends ObjectIndex<ServiceView> {
  /**
   * Names of Services that carry `zen-lead.io/enabled`, whatever its value: an unreadable one must
   * not remove anything.
   */
  readonly optedIn: ReadonlySet<string>;
  /** Our Services for this source. */
  oursFor(source: string): ReadonlySet<string>;
  sourcesWithOurs(): Iterable<string>;
  /** Opted-in sources that want a Service of this name. */
  wanting(name: string): ReadonlySet<string>;
}

export function createServiceIndex(): ServiceIndex {
  const optedIn = new Set<string>();
  const ours = createMultiMap();
  const wanting = createMultiMap();

  const index = createObjectIndex<ServiceView>({
    file(service) {
      if (isOptedIn(service)) optedIn.add(service.name);
      for (const wanted of wantedServiceNames(service)) wanting.add(wanted, service.name);
      const source = sourceOfOurService(service);
      if (source !== null) ours.add(source, service.name);
    },
    unfile(service) {
      optedIn.delete(service.name);
      for (const wanted of wantedServiceNames(service)) wanting.delete(wanted, service.name);
      const source = sourceOfOurService(service);
      if (source !== null) ours.delete(source, service.name);
    },
  });

  return { ...index, optedIn, oursFor: ours.get, sourcesWithOurs: ours.keys, wanting: wanting.get };
}
