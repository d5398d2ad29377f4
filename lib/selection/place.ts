/**
 * findPlace: under which name a source's leader Service lives, and whether something is in the way. DESIGN section 4.
 *
 * A name that is taken is refused. While the leader Service that we already have stands under another name, it goes on
 * being looked after; only where there is nothing to fall back to is the whole Service refused.
 */

import type { Warning } from './decision.ts';
import { annotation } from './names.ts';
import { isOrphanService, isOrphanSlice, isOurService, isOurSlice } from './ownership.ts';
import type { LeaderRecord } from './record.ts';
import type { ReadSettings } from './settings.ts';
import type { ServiceView, Snapshot } from './snapshot.ts';
import { defaultLeaderName, sliceName } from './wantedNames.ts';

export type Place =
  | {
      readonly kind: 'free';
      readonly name: string;
      /** False: the Service of this name carries our ownerReference but no longer our label; its slices are still ours. */
      readonly serviceIsOurs: boolean;
      readonly warnings: readonly Warning[];
    }
  | {
      readonly kind: 'taken';
      readonly reason: 'NameConflict' | 'ForeignEndpointSlice' | 'InvalidService';
      readonly warnings: readonly Warning[];
    };

/** RFC 1035: what a Service may be called at most. */
const MAX_NAME_LENGTH = 63;

export function findPlace(snapshot: Snapshot, source: ServiceView, read: ReadSettings, record: LeaderRecord): Place {
  const current = record.leaderServiceName;
  const nameIsUnreadable = read.unreadable.some((each) => each.annotation === annotation.leaderServiceName);
  const wanted = read.settings.leaderServiceName ?? defaultLeaderName(source.name);
  const name = nameIsUnreadable && current !== null ? current : wanted;

  const obstacle = findObstacle(snapshot, source, name);
  if (obstacle === null || obstacle.kind === 'disowned') {
    return {
      kind: 'free',
      name,
      serviceIsOurs: obstacle === null,
      warnings: obstacle === null ? [] : [obstacle.warning],
    };
  }
  if (current !== null && current !== name) {
    const second = findObstacle(snapshot, source, current);
    if (second === null || second.kind === 'disowned') {
      const warnings = second === null ? [obstacle.warning] : [obstacle.warning, second.warning];
      return { kind: 'free', name: current, serviceIsOurs: second === null, warnings };
    }
  }
  return { kind: 'taken', reason: obstacle.kind, warnings: [obstacle.warning] };
}

type Obstacle =
  | { readonly kind: 'disowned'; readonly warning: Warning }
  | { readonly kind: 'NameConflict' | 'ForeignEndpointSlice' | 'InvalidService'; readonly warning: Warning };

function findObstacle(snapshot: Snapshot, source: ServiceView, name: string): Obstacle | null {
  const warn = (reason: Warning['reason'], value: string, message: string): Warning => ({ reason, value, message });
  if (name.length > MAX_NAME_LENGTH) {
    const message = `The leader Service would be called "${name}", which is longer than ${MAX_NAME_LENGTH} characters. Set ${annotation.leaderServiceName}.`;
    return { kind: 'InvalidService', warning: warn('InvalidService', name, message) };
  }
  if (name === source.name) {
    const message = `The leader Service cannot have the name of its source, "${name}". Change ${annotation.leaderServiceName}.`;
    return { kind: 'NameConflict', warning: warn('NameConflict', name, message) };
  }
  const holder = snapshot.services.find((service) => service.name === name);
  const isForeign = holder !== undefined && !isOurService(holder, source.uid) && !isOrphanService(holder, source.name);
  const conflict = `Service "${name}" exists and is not ours to change. Rename it, or set ${annotation.leaderServiceName}.`;
  if (isForeign && holder.owner?.uid !== source.uid)
    return { kind: 'NameConflict', warning: warn('NameConflict', name, conflict) };
  for (const family of ['IPv4', 'IPv6'] as const) {
    const slice = snapshot.slices.find((each) => each.name === sliceName(name, family));
    // An orphan that belongs to another Service is not left to us.
    const isLeftToUs = slice !== undefined && isOrphanSlice(slice) && slice.serviceName === name;
    if (slice !== undefined && !isOurSlice(slice, source.uid) && !isLeftToUs) {
      const message = `EndpointSlice "${slice.name}" exists and is not ours to change. Delete it, or set ${annotation.leaderServiceName}.`;
      return { kind: 'ForeignEndpointSlice', warning: warn('ForeignEndpointSlice', slice.name, message) };
    }
  }
  // Last, because our slices go on living beside such a Service: a foreign one in their place is in the way all the same.
  return isForeign ? { kind: 'disowned', warning: warn('NameConflict', name, conflict) } : null;
}
