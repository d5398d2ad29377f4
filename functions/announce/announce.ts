/**
 * Announces to others what the slice says, and records that it has.
 * docs/reference/events.md#announcements
 *
 * It sends a Kubernetes Event, then a CloudEvent to EVENTS_SINK, then writes the record. After a
 * kill between any two, the next reconcile announces again, with the same name and id. It announces
 * only where the route stands as decided.
 *
 * Guarantees: at least once, never before the route. It never rejects: a failure is logged and
 * owed, and the reconcile is still answered.
 * Does not guarantee LeaderServiceRemoved (no object is left that could say that it is owed), nor
 * warnings after a crash.
 */

import { clusterSource, toLeaderEvent } from '../../lib/events/toReply.ts';
import { applyWrite } from '../../lib/kube/write.ts';
import { type Announcement, toAnnouncement } from '../../lib/selection/announcement.ts';
import type { Decision, Warning } from '../../lib/selection/decision.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import { type Attempts, createAttempts } from './attempts.ts';
import { regardingOf, writeKubernetesEvent } from './kubernetesEvent.ts';
import { toNotices, toWarningNotice, warningKey } from './notices.ts';
import { createSaid, type Said } from './said.ts';
import { createTeller, type Teller, type TellerDeps } from './tell.ts';

export interface Announcing {
  readonly snapshot: Snapshot;
  readonly decision: Decision;
  readonly decidedAt: number;
  readonly type: string;
  readonly carry: string | undefined;
  /** False: warnings only. */
  readonly isAnnounceable: boolean;
}

export interface Told {
  /** The record was written: objects of the snapshot have changed. */
  readonly hasRecorded: boolean;
  /** Something did not get through. */
  readonly owes: boolean;
  readonly carry: string | undefined;
}

export interface Announcer extends Teller {
  announce(announcing: Announcing, signal: AbortSignal): Promise<Told>;
}

export interface AnnouncerDeps extends TellerDeps {
  /** A signal that aborts after so many milliseconds. */
  readonly timeoutSignal?: (timeoutMs: number) => AbortSignal;
}

/** In the carry: warnings that could not be told. A recheck tells no warnings otherwise. */
const WARNINGS_OWED = 'warnings-owed';

export function createAnnouncer(deps: AnnouncerDeps): Announcer {
  const said = createSaid();
  const attempts = createAttempts(deps.log, deps.timeoutSignal ?? AbortSignal.timeout);
  const { attempt } = attempts;

  async function announce(announcing: Announcing, signal: AbortSignal): Promise<Told> {
    const { snapshot, decision } = announcing;
    const warnings = toWarnings(announcing).filter((warning) => !said.has(warningKey(snapshot, decision, warning)));
    const announcement = announcing.isAnnounceable ? toAnnouncement(snapshot, decision) : null;
    if (announcement === null && warnings.length === 0) return { hasRecorded: false, owes: false, carry: undefined };

    const inTime = attempts.inTime(signal);
    const isTold =
      announcement === null ||
      (await attempt(snapshot, signal, () => tell(announcement, announcing, { ...deps, attempts, said }, inTime)));
    const tellAll = () => tellWarnings(warnings, announcing, deps, said, inTime);
    // Saying nothing succeeds at once, which would take back the time that the API server needs.
    const areWarningsTold = warnings.length === 0 || (await attempt(snapshot, signal, tellAll));
    return {
      hasRecorded: isTold && announcement !== null && announcement.record !== null,
      owes: !isTold || !areWarningsTold,
      carry: areWarningsTold ? undefined : WARNINGS_OWED,
    };
  }

  return { announce, ...createTeller(deps, attempts, said) };
}

interface TellDeps extends AnnouncerDeps {
  readonly attempts: Attempts;
  /** What is told of an announcement that is not recorded yet. */
  readonly said: Said;
}

/**
 * Goes on where the previous attempt ended. So even an API server that answers one call in the time
 * of an attempt gets everything in the end.
 */
async function tell(
  announcement: Announcement,
  { snapshot, decidedAt }: Announcing,
  { api, clusterName, eventsSink, attempts, said }: TellDeps,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name, election } = snapshot;
  const source = regardingOf(snapshot);
  if (source === null) return;
  const { kind, reason, leader, previous, epoch, changedAt, record } = announcement;
  const notices = toNotices(announcement).map((notice) => ({ notice, key: warningKey(snapshot, { epoch }, notice) }));
  for (const { notice, key } of notices) {
    if (said.has(key)) continue;
    await writeKubernetesEvent(api, source, epoch, notice, decidedAt, signal);
    said.remember(key);
  }
  const context = {
    source: clusterSource(clusterName),
    subject: { namespace, name, ...(election !== undefined && { election: election.election, slot: election.slot }) },
    sourceUid: source.uid,
    decidedAt: changedAt ?? decidedAt,
  };
  if (eventsSink !== undefined) {
    const inTime = AbortSignal.any([signal, attempts.inSinkTime()]);
    await eventsSink(
      toLeaderEvent(context, { decision: kind, reason, previous, leader, epoch, basis: 'event' }),
      inTime,
    );
  }
  if (record !== null) await applyWrite(api, record, signal);
  for (const { key } of notices) said.forget(key);
}

/** No warning is repeated by a reconcile that nothing but time has caused. */
function toWarnings({ snapshot, decision, type, carry }: Announcing): readonly Warning[] {
  const isTimed = type.endsWith('.resync') || type.endsWith('.recheck');
  return snapshot.source === null || (isTimed && carry !== WARNINGS_OWED) ? [] : decision.warnings;
}

async function tellWarnings(
  warnings: readonly Warning[],
  { snapshot, decision, decidedAt }: Announcing,
  { api, metrics }: AnnouncerDeps,
  said: Said,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name: service } = snapshot;
  const source = regardingOf(snapshot);
  if (source === null) return;
  for (const warning of warnings) {
    const isNew = await writeKubernetesEvent(api, source, decision.epoch, toWarningNotice(warning), decidedAt, signal);
    if (isNew) metrics.warnings.inc({ namespace, service, reason: warning.reason });
    said.remember(warningKey(snapshot, decision, warning));
  }
}
