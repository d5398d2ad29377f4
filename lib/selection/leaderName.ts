/**
 * findLeaderName: finds the name under which a source's leader Service lives, and what is in the
 * way of it. docs/reference/objects.md#leader-service.
 *
 * A name that is taken is refused. What we already have goes on being reconciled: the leader
 * Service under its previous name, and the families whose slices stand beside a taken one. The
 * whole Service is refused only where none of our objects is left to fall back to.
 */

import type { Warning } from './decision.ts';
import { annotation } from './names.ts';
import {
  isControlledBy,
  isOrphanService,
  isOrphanSlice,
  isOurService,
  isOurSlice,
  sourceOfOurService,
} from './ownership.ts';
import type { Situation } from './situation.ts';
import type { IpFamily, ServiceView, SliceView } from './snapshot.ts';
import { defaultLeaderName, MAX_NAME_LENGTH, sliceName } from './wantedNames.ts';

export interface FreeName {
  readonly kind: 'free';
  readonly name: string;
  /**
   * False when the Service of this name carries our ownerReference but no longer our label. Its
   * slices are still ours.
   */
  readonly serviceIsOurs: boolean;
  /** The source's families without those whose slice has another owner. Never empty. */
  readonly families: readonly IpFamily[];
  readonly warnings: readonly Warning[];
}

export interface TakenName {
  readonly kind: 'taken';
  readonly reason: 'NameConflict' | 'ForeignEndpointSlice' | 'InvalidService';
  readonly warnings: readonly Warning[];
}

export type LeaderName = FreeName | TakenName;

export function findLeaderName(situation: Situation): LeaderName {
  const { source, read, record } = situation;
  const current = record.leaderServiceName;
  const nameIsUnreadable = read.unreadable.some((each) => each.annotation === annotation.leaderServiceName);
  const wanted =
    read.settings.leaderServiceName ?? defaultLeaderName(source.name, situation.snapshot.election?.election);
  // Where nothing is made, nothing can be renamed.
  const name = (nameIsUnreadable || situation.makesNothing) && current !== null ? current : wanted;

  const found = tryName(situation, name);
  if (found.kind === 'free' || current === null) return found;
  const before = tryName(situation, current);
  return before.kind === 'free' ? { ...before, warnings: [...found.warnings, ...before.warnings] } : found;
}

const bothFamilies = ['IPv4', 'IPv6'] as const;
const noNames: ReadonlySet<string> = new Set();
const alone = { reserved: { services: noNames, slices: noNames }, slot: 0 };

function siblingConflict(name: string): string {
  return `"${name}" is the name of another election of this Service. Give one of them another ${annotation.leaderServiceName}.`;
}

function tryName(situation: Situation, name: string): LeaderName {
  const { source, snapshot } = situation;
  if (name.length > MAX_NAME_LENGTH) {
    const message = `The leader Service would be called "${name}", which is longer than ${MAX_NAME_LENGTH} characters. Set ${annotation.leaderServiceName}.`;
    return taken('InvalidService', name, message);
  }
  if (name === source.name) {
    const message = `The leader Service cannot have the name of its source, "${name}". Change ${annotation.leaderServiceName}.`;
    return taken('NameConflict', name, message);
  }
  const holder = snapshot.services.find((service) => service.name === name);
  const { reserved, slot } = snapshot.election ?? alone;
  if (reserved.services.has(name)) return taken('NameConflict', name, siblingConflict(name));
  const isForeign = holder !== undefined && isForeignService(holder, source);
  const conflict = describeConflict(name, holder, source);
  if (isForeign && !isControlledBy(holder, source.uid)) return taken('NameConflict', name, conflict);

  const siblings = bothFamilies.find((family) => reserved.slices.has(sliceName(name, family, slot)));
  if (siblings !== undefined) return taken('NameConflict', name, siblingConflict(sliceName(name, siblings, slot)));

  const inTheWay = findForeignSlices(situation, name);
  const isFree = (family: IpFamily): boolean => !inTheWay.some((slice) => slice.name === sliceName(name, family, slot));
  const families = situation.families.filter(isFree);
  const warnings = inTheWay.map((slice) => foreignSliceWarning(slice));
  const stands = families.some((family) =>
    situation.owned.slices.some((each) => each.name === sliceName(name, family, slot)),
  );
  if (warnings.length > 0 && !stands) return { kind: 'taken', reason: 'ForeignEndpointSlice', warnings };

  const disowned: readonly Warning[] = isForeign ? [{ reason: 'NameConflict', value: name, message: conflict }] : [];
  return { kind: 'free', name, serviceIsOurs: !isForeign, families, warnings: [...disowned, ...warnings] };
}

/**
 * Two sources that want each other's name keep their own until one of them gives way. No rule
 * decides which, because each step of such a swap would leave one of them without a route.
 */
function describeConflict(name: string, holder: ServiceView | undefined, source: ServiceView): string {
  const owner = holder === undefined ? null : sourceOfOurService(holder);
  return owner === null || owner === source.name
    ? `Service "${name}" exists and is not ours to change. Rename it, or set ${annotation.leaderServiceName}.`
    : `Service "${name}" is the leader Service of "${owner}". Give that one another name first; two that swap names need a third name in between.`;
}

function isForeignService(service: ServiceView, source: ServiceView): boolean {
  return !isOurService(service, source.uid) && !isOrphanService(service, source.name);
}

/**
 * Finds foreign slices under the names of our slices, also of a family that the source may come to
 * have.
 */
function findForeignSlices({ snapshot, source }: Situation, name: string): readonly SliceView[] {
  return bothFamilies.flatMap((family) => {
    const slice = snapshot.slices.find((each) => each.name === sliceName(name, family, snapshot.election?.slot));
    if (slice === undefined || isOurSlice(slice, source.uid)) return [];
    // An orphan that belongs to another Service is not left to us.
    return isOrphanSlice(slice) && slice.serviceName === name ? [] : [slice];
  });
}

function foreignSliceWarning({ name }: SliceView): Warning {
  const message = `EndpointSlice "${name}" exists and is not ours to change. Delete it, or set ${annotation.leaderServiceName}.`;
  return { reason: 'ForeignEndpointSlice', value: name, message };
}

function taken(reason: 'NameConflict' | 'InvalidService', value: string, message: string): TakenName {
  return { kind: 'taken', reason, warnings: [{ reason, value, message }] };
}
