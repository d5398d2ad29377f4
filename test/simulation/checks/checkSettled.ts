/**
 * Checks L1, and what S1 and S6 say about a settled state. With everything healthy for long enough,
 * the route is what the rules say, it has been announced, and no write is left.
 */

import { parsePod } from '../../../lib/kube/parsePod.ts';
import { parseService } from '../../../lib/kube/parseService.ts';
import { parseSlice } from '../../../lib/kube/parseSlice.ts';
import { toAnnouncement } from '../../../lib/selection/announcement.ts';
import { assess } from '../../../lib/selection/assess.ts';
import { buildSnapshot } from '../../../lib/selection/buildSnapshot.ts';
import { viewsOf } from '../../../lib/selection/elections/electionsOf.ts';
import { readRecord } from '../../../lib/selection/record.ts';
import type { ResourceVersion, ServiceView, Snapshot } from '../../../lib/selection/snapshot.ts';
import type { Etcd } from '../etcd.ts';
import type { Fights } from '../fights.ts';
import { NAMESPACE } from '../kubeObject.ts';
import type { CheckName } from '../verdict.ts';
import type { WriteChecks } from './checkWrites.ts';
import { isFit, mayKeep } from './fit.ts';

export interface Problem {
  readonly check: CheckName;
  readonly message: string;
}

export interface Settling {
  /** What else writes to our objects, for good. */
  readonly fights: Fights;
  readonly checks: Pick<WriteChecks, 'wasAnnounced'>;
}

export function checkSettled(
  etcd: Etcd,
  sourceNames: readonly string[],
  now: number,
  { fights, checks }: Settling,
): Problem | null {
  for (const name of sourceNames) {
    const snapshot = toSnapshot(etcd, name);
    const shared = checkPools(snapshot);
    if (shared !== null) return shared;
    const { decision, writes } = assess(snapshot, now);
    const first = writes.find((write) => !fights.undoes(write));
    if (first !== undefined)
      return {
        check: 'L1',
        message: `${name}: ${decision.kind} ${decision.reason}, and ${first.kind} ${first.name} is still to be written`,
      };
    for (const view of viewsOf(snapshot)) {
      const { epoch, leader } = view === snapshot ? decision : assess(view, now).decision;
      const isTold =
        fights.dropsRecords() && checks.wasAnnounced(snapshot.source?.uid ?? '', epoch, leader?.uid ?? null);
      const seen = view === snapshot ? decision : assess(view, now).decision;
      if (toAnnouncement(view, seen) !== null && !isTold)
        return { check: 'L1', message: `${name}: epoch ${epoch} has not been announced` };
      const problem = view.source === null ? null : checkRoute(view, view.source);
      if (problem !== null) return problem;
    }
  }
  return null;
}

/** S14: no pod in two slots of one election. A pause freezes what there is. */
function checkPools(snapshot: Snapshot): Problem | null {
  const slots = new Map<string, string>();
  for (const view of viewsOf(snapshot)) {
    const leader = readRecord(view).leader?.uid;
    if (view.election === undefined || leader === undefined || (view.source !== null && isPaused(view.source)))
      continue;
    const key = `${view.election.election}/${leader}`;
    const other = slots.get(key);
    const message = `${view.name}: ${leader} leads slot ${other} and slot ${view.election.slot}`;
    if (other !== undefined) return { check: 'S14', message };
    slots.set(key, String(view.election.slot));
  }
  return null;
}

/** A value that cannot be read freezes, too. */
function isPaused({ annotations }: ServiceView): boolean {
  return (annotations['zen-lead.io/paused'] ?? 'false') !== 'false';
}

function checkRoute(snapshot: Snapshot, source: ServiceView): Problem | null {
  const { name } = source;
  if (source.annotations['zen-lead.io/enabled'] !== 'true') return null;
  const slices = snapshot.slices.filter(
    (slice) => slice.annotations['zen-lead.io/epoch'] !== undefined && slice.owner?.uid === source.uid,
  );
  const routed = new Set(slices.flatMap(({ spec }) => (spec?.endpoints ?? []).map(({ targetRef }) => targetRef?.uid)));
  // A handover that overlaps has ended by then.
  if (routed.size > 1) return { check: 'S1', message: `${name}: its slices route to ${[...routed].join(' and ')}` };
  const pods = snapshot.candidates.map((pod) => ({
    ...pod,
    namespace: NAMESPACE,
    labels: pod.selected ? (source.selector ?? {}) : {},
  }));
  if (routed.size === 1 && !mayKeep(source) && !pods.some((pod) => isFit(pod, source)))
    return { check: 'S6', message: `${name}: no pod is fit, and ${[...routed].join()} is routed to` };
  const stray = pods.find((pod) => routed.has(pod.uid) && !isFit(pod, source));
  if (stray !== undefined && !mayKeep(source))
    return { check: 'S2', message: `${name}: ${stray.uid} is routed to, and is not fit` };
  return null;
}

export function toSnapshot(etcd: Etcd, name: string): Snapshot {
  const services = etcd.list('services').map(parseService);
  const revision = String(etcd.revision()) as ResourceVersion;
  return buildSnapshot({
    namespace: NAMESPACE,
    name,
    source: services.find((service) => service.name === name) ?? null,
    pods: etcd.list('pods').map(parsePod),
    services,
    slices: etcd.list('endpointslices').map(parseSlice),
    revisions: { pods: revision, services: revision, slices: revision },
  });
}
