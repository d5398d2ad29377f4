/**
 * routeWrites: writes the slices of the leader Service, the primary with the record first.
 * docs/reference/objects.md#the-record.
 *
 * Guarantees: the secondary family follows the primary and never the reverse, so no secondary's
 * epoch is above the primary's (S1). Every write of the primary records the revisions that it was
 * decided on (S9).
 */

import { compareRevisions, isComparable } from './compareRevisions.ts';
import type { Decision, Plan, Route } from './decision.ts';
import { formatDemotion, orderOf } from './demotion.ts';
import { addressOf } from './fitness.ts';
import { formatHandoverFrom } from './handover.ts';
import { annotation } from './names.ts';
import { afterElection, formatVerdicts, parseVerdicts, withInherited } from './outsideVerdict.ts';
import { formatScaleRecord } from './scaleRecord.ts';
import type { Situation } from './situation.ts';
import { type DesiredSlice, sliceWrites, toEndpointView } from './sliceWrites.ts';
import type { EndpointView, IpFamily, ResourceVersion, SliceView } from './snapshot.ts';
import type { Write } from './write.ts';

export function routeWrites(situation: Situation, decision: Decision, plan: Plan, now: number): readonly Write[] {
  const { owned, source } = situation;
  return plan.routes.flatMap((route, index) => {
    const existing = owned.slices.find((slice) => slice.name === route.sliceName);
    const record =
      index === 0 ? primaryRecord(situation, decision, existing, now) : secondaryRecord(decision, existing);
    const desired = { ...toDesired(situation, decision, plan, route), ...record };
    return sliceWrites(existing, desired, source, 'route');
  });
}

/** Whom a handover still routes to, behind the leader, which readers of a slice look for first. */
function besideLeader({ overlap }: Plan, family: IpFamily, namespace: string): readonly EndpointView[] {
  if (overlap === undefined) return [];
  const address = addressOf(overlap.pod, family);
  return address === null ? [] : [toEndpointView(overlap.pod, address, namespace)];
}

type Annotations = Pick<DesiredSlice, 'annotations' | 'annotationsDiffer'>;

function toDesired(
  { snapshot }: Situation,
  decision: Decision,
  plan: Plan,
  { sliceName, family, address, ports }: Route,
): Omit<DesiredSlice, keyof Annotations> {
  const pod = snapshot.candidates.find((each) => each.uid === decision.leader?.uid);
  const endpoints =
    pod === undefined || address === null
      ? []
      : [toEndpointView(pod, address, snapshot.namespace), ...besideLeader(plan, family, snapshot.namespace)];
  const { election = '', slot = 0 } = snapshot.election ?? {};
  const labels = { ...(election !== '' && { election }), ...(slot > 0 && { slot }) };
  return { name: sliceName, serviceName: plan.leaderServiceName, family, endpoints, ports, ...labels };
}

function primaryRecord(
  situation: Situation,
  decision: Decision,
  existing: SliceView | undefined,
  now: number,
): Annotations & Pick<DesiredSlice, 'demotes'> {
  const { snapshot } = situation;
  const { leader, epoch, reason } = decision;
  const old = existing?.annotations ?? {};
  const isSameLeader = old[annotation.leaderPodUid] === leader?.uid && old[annotation.epoch] === String(epoch);
  const { pods, services } = snapshot.revisions;
  const overlap = decision.plan?.overlap;
  const handoverFrom = overlap && formatHandoverFrom({ pod: overlap.pod.name, uid: overlap.pod.uid, epoch });
  const annotationsDiffer =
    !isSameLeader ||
    old[annotation.leaderPodName] !== leader?.name ||
    old[annotation.reason] === undefined ||
    old[annotation.leaderLastSwitchTime] === undefined ||
    // A bridge that watches nodes may learn it after the election.
    (leader?.zone !== undefined && old[annotation.lastZone] !== leader.zone) ||
    old[annotation.handoverFrom] !== handoverFrom ||
    mustRecord(old[annotation.podsRevision], pods) ||
    mustRecord(old[annotation.servicesRevision], services);
  const isNewWord = !isSameLeader || old[annotation.reason] === undefined;
  const { slice, scale } = situation.record;
  // Another slice becomes the record, after a rename or a change of the primary family.
  const isCarried = slice !== null && slice.name !== existing?.name;
  const order = isSameLeader ? null : orderOf(situation, decision, now);
  const verdicts = verdictsAfter(situation, decision, isCarried, now);
  return {
    ...(order !== null && { demotes: order }),
    annotationsDiffer: annotationsDiffer || Object.keys(verdicts).length > 0,
    annotations: {
      [annotation.leaderPodName]: leader?.name ?? null,
      [annotation.leaderPodUid]: leader?.uid ?? null,
      [annotation.epoch]: String(epoch),
      [annotation.podsRevision]: pods,
      [annotation.servicesRevision]: services,
      ...(old[annotation.handoverFrom] !== handoverFrom && { [annotation.handoverFrom]: handoverFrom ?? null }),
      ...(isNewWord && { [annotation.reason]: reason }),
      ...((isNewWord || old[annotation.leaderLastSwitchTime] === undefined) && {
        [annotation.leaderLastSwitchTime]: new Date(now).toISOString(),
      }),
      ...(order !== null && { [annotation.demotion]: formatDemotion(order.demotion) }),
      ...verdicts,
      ...(isCarried && scale !== null && { [annotation.scaleState]: formatScaleRecord(scale) }),
      // Where the last leader ran outlives it. node- and zone-aware need it when they choose the
      // next one.
      ...(leader !== null && {
        [annotation.lastNode]: leader.nodeName ?? null,
        [annotation.lastZone]: leader.zone ?? null,
      }),
    },
  };
}

/** What callers from outside said of pods, where that is to be written. */
function verdictsAfter(
  { record, snapshot }: Situation,
  { kind, leader }: Decision,
  isCarried: boolean,
  now: number,
): DesiredSlice['annotations'] {
  // Its own alone, also where the record moves. A copy of what stands with a sibling would outlast
  // the caller's taking it back.
  const own = parseVerdicts(record.slice?.annotations[annotation.verdicts]);
  const known = withInherited(own, snapshot.election?.inherited ?? [], now);
  const isElection = kind === 'elected' && leader !== null;
  const next = isElection ? afterElection(known, snapshot.election?.verdicts ?? [], leader.uid, now) : known;
  if (!isCarried && next === own) return {};
  if (isCarried && next.length === 0) return {};
  return { [annotation.verdicts]: next.length === 0 ? null : formatVerdicts(next) };
}

/**
 * Strips the record from a slice that used to be the primary, because only one slice may hold it.
 */
function secondaryRecord({ epoch }: Decision, existing: SliceView | undefined): Annotations {
  const old = existing?.annotations ?? {};
  const leftovers = withoutRecord(old);
  return {
    annotationsDiffer: old[annotation.epoch] !== String(epoch) || Object.keys(leftovers).length > 0,
    annotations: { [annotation.epoch]: String(epoch), ...leftovers },
  };
}

/** What takes the record out of a slice with these annotations. Its epoch stays known. */
export function withoutRecord(old: Readonly<Record<string, string>>): Readonly<Record<string, null>> {
  const leftovers = [
    annotation.leaderPodName,
    annotation.leaderPodUid,
    annotation.leaderLastSwitchTime,
    annotation.reason,
    annotation.podsRevision,
    annotation.servicesRevision,
    annotation.lastNode,
    annotation.lastZone,
    annotation.demotion,
    annotation.verdicts,
    annotation.scaleState,
    annotation.handoverFrom,
  ].filter((key) => old[key] !== undefined);
  return Object.fromEntries(leftovers.map((key) => [key, null]));
}

/**
 * Decides whether revisions alone are reason enough to write. Otherwise they are recorded with
 * other changes.
 *
 * They are where the fence would not work. A revision is missing or is not a number. Or it is ahead
 * of a state that was allowed to decide (a restored etcd, or an edit by hand).
 */
function mustRecord(recorded: string | undefined, current: ResourceVersion): boolean {
  if (recorded === undefined) return true;
  if (!isComparable(current)) return false;
  const order = compareRevisions(recorded, current);
  return order === 'newer' || order === 'unordered';
}
