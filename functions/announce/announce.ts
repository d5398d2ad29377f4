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

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';
import { clusterSource, toLeaderEvent } from '../../lib/events/toReply.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { applyWrite } from '../../lib/kube/write.ts';
import type { Decision, Warning } from '../../lib/selection/decision.ts';
import type { DemotionOrder } from '../../lib/selection/demotion.ts';
import type { GoneSource, Snapshot, Uid } from '../../lib/selection/snapshot.ts';
import type { Write } from '../../lib/selection/write.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { HeldBack } from '../reconcile/damping.ts';
import { type Announcement, toAnnouncement } from './announcement.ts';
import type { EventsSink } from './eventsSink.ts';
import { announceGone } from './goneSource.ts';
import { writeKubernetesEvent } from './kubernetesEvent.ts';
import { readManagers } from './managers.ts';
import {
  toDemotedNotice,
  toNotices,
  toRefusalNotice,
  toRemovalNotices,
  toUndoneNotice,
  toWarningNotice,
  warningKey,
} from './notices.ts';
import { tellUnread, toUnreadNotice, type Unread } from './unread.ts';

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

export interface Announcer {
  announce(announcing: Announcing, signal: AbortSignal): Promise<Told>;
  tellRemoved(snapshot: Snapshot, writes: readonly Write[], signal: AbortSignal): Promise<void>;
  /** Tells the user why nothing changes: the API server refused a write. */
  tellRefused(snapshot: Snapshot, error: unknown, signal: AbortSignal): Promise<void>;
  /** Tells the user which writes do not stay, and who changes them. */
  tellUndone(snapshot: Snapshot, heldBack: readonly HeldBack[], signal: AbortSignal): Promise<void>;
  /** Tells the user why nothing is decided: the state could not be read. */
  tellUnread(service: ServiceRef, unread: Unread): Promise<void>;
  /** Tells the user that a pod was ended after it was left. */
  tellDemoted(snapshot: Snapshot, order: DemotionOrder, signal: AbortSignal): Promise<void>;
  /** Announces the end of a deleted Service. */
  tellGone(service: ServiceRef, gone: GoneSource, signal: AbortSignal): Promise<GoneTold>;
}

/** `settled`: its end is announced, or needs no announcement. Null where it is still owed. */
export interface GoneTold {
  readonly settled: Uid | null;
}

export interface AnnouncerDeps {
  readonly api: KubeApi;
  readonly clusterName: string;
  /** Undefined where only Kubernetes is told. */
  readonly eventsSink: EventsSink | undefined;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
  /** A signal that aborts after so many milliseconds. */
  readonly timeoutSignal?: (timeoutMs: number) => AbortSignal;
}

/**
 * For one announcement: half of the second that the bridge gives an attempt. It doubles each time
 * that the API server has needed more, up to what the bridge gives an attempt then.
 */
const BUDGET = { minMs: 500, maxMs: 12_000 };
/**
 * For EVENTS_SINK, which may be down for long: it must not hold up what the API server would take.
 */
const SINK_BUDGET_MS = 500;
/** In the carry: warnings that could not be told. A recheck tells no warnings otherwise. */
const WARNINGS_OWED = 'warnings-owed';

/**
 * Names of warnings remembered, so that a busy Service does not say the same on every reconcile.
 * Forgetting costs an AlreadyExists.
 */
const MAX_REMEMBERED = 10_000;

export function createAnnouncer(deps: AnnouncerDeps): Announcer {
  const { timeoutSignal = AbortSignal.timeout } = deps;
  const said = new Set<string>();
  let budgetMs = BUDGET.minMs;

  async function announce(announcing: Announcing, signal: AbortSignal): Promise<Told> {
    const { snapshot, decision } = announcing;
    const warnings = toWarnings(announcing).filter((warning) => !said.has(warningKey(snapshot, decision, warning)));
    const announcement = announcing.isAnnounceable ? toAnnouncement(snapshot, decision) : null;
    if (announcement === null && warnings.length === 0) return { hasRecorded: false, owes: false, carry: undefined };

    const inTime = AbortSignal.any([signal, timeoutSignal(budgetMs)]);
    const isTold =
      announcement === null ||
      (await attempt(snapshot, signal, () => tell(announcement, announcing, { ...deps, timeoutSignal, said }, inTime)));
    const tellAll = () => tellWarnings(warnings, announcing, deps, said, inTime);
    // Saying nothing succeeds at once, which would take back the time that the API server needs.
    const areWarningsTold = warnings.length === 0 || (await attempt(snapshot, signal, tellAll));
    return {
      hasRecorded: isTold && announcement !== null && announcement.record !== null,
      owes: !isTold || !areWarningsTold,
      carry: areWarningsTold ? undefined : WARNINGS_OWED,
    };
  }

  async function tellRemoved(snapshot: Snapshot, writes: readonly Write[], signal: AbortSignal): Promise<void> {
    const { source } = snapshot;
    const notices = toRemovalNotices(writes);
    if (source === null || notices.length === 0) return;
    const inTime = AbortSignal.any([signal, timeoutSignal(budgetMs)]);
    await attempt(snapshot, signal, async () => {
      for (const notice of notices) await writeKubernetesEvent(deps.api, source, 0, notice, deps.now(), inTime);
    });
  }

  async function tellRefused(snapshot: Snapshot, error: unknown, signal: AbortSignal): Promise<void> {
    const { source, namespace, name: service } = snapshot;
    const code = codeOf(error);
    const isRefusal = code === 'KUBE_FORBIDDEN' || code === 'KUBE_INVALID';
    if (source === null || !isRefusal || !(error instanceof Error)) return;
    const notice = toRefusalNotice(error.message);
    const key = warningKey(snapshot, { epoch: 0 }, notice);
    if (said.has(key)) return;
    const inTime = AbortSignal.any([signal, timeoutSignal(budgetMs)]);
    await attempt(snapshot, signal, async () => {
      const isNew = await writeKubernetesEvent(deps.api, source, 0, notice, deps.now(), inTime);
      if (isNew) deps.metrics.warnings.inc({ namespace, service, reason: notice.reason });
      remember(key, said);
    });
  }

  async function tellUndone(snapshot: Snapshot, heldBack: readonly HeldBack[], signal: AbortSignal): Promise<void> {
    const { source, namespace, name: service } = snapshot;
    if (source === null) return;
    for (const held of heldBack) {
      const key = warningKey(snapshot, { epoch: 0 }, { reason: 'WriteUndone', value: held.name });
      if (said.has(key)) continue;
      const inTime = AbortSignal.any([signal, timeoutSignal(budgetMs)]);
      await attempt(snapshot, signal, async () => {
        const notice = toUndoneNotice(held, await readManagers(deps.api, namespace, held, inTime));
        const isNew = await writeKubernetesEvent(deps.api, source, 0, notice, deps.now(), inTime);
        if (isNew) deps.metrics.warnings.inc({ namespace, service, reason: notice.reason });
        remember(key, said);
      });
    }
  }

  async function tellStateUnread(service: ServiceRef, unread: Unread): Promise<void> {
    const notice = toUnreadNotice(unread);
    const key = `${service.namespace}/${service.name}/StateNotRead/${notice?.value}`;
    if (notice === null || said.has(key)) return;
    // The caller of the reconcile may have gone, which is the very reason.
    await attempt(service, new AbortController().signal, async () => {
      if (await tellUnread(service, notice, deps, timeoutSignal(budgetMs))) remember(key, said);
    });
  }

  async function tellDemoted(snapshot: Snapshot, order: DemotionOrder, signal: AbortSignal): Promise<void> {
    const { source } = snapshot;
    if (source === null) return;
    const inTime = AbortSignal.any([signal, timeoutSignal(budgetMs)]);
    await attempt(snapshot, signal, async () => {
      await writeKubernetesEvent(deps.api, source, order.demotion.epoch, toDemotedNotice(order), deps.now(), inTime);
    });
  }

  async function tellGone(service: ServiceRef, gone: GoneSource, signal: AbortSignal): Promise<GoneTold> {
    const key = `${gone.uid}/SourceGone`;
    if (said.has(key)) return { settled: gone.uid };
    const inTime = AbortSignal.any([signal, timeoutSignal(budgetMs)]);
    const goneDeps = { ...deps, sinkSignal: () => timeoutSignal(SINK_BUDGET_MS) };
    let isSettled = false;
    await attempt(service, signal, async () => {
      const ending = await announceGone(service, gone, goneDeps, inTime);
      isSettled = ending.kind !== 'waits';
      if (ending.kind !== 'announced') return;
      remember(key, said);
      const { previous, epoch } = ending;
      const line = { service: `${service.namespace}/${service.name}`, previous: previous?.name ?? null, epoch };
      deps.log.info({ ...line, decision: 'lost', reason: 'SourceGone' }, 'announced the end of a Service');
    });
    return { settled: isSettled ? gone.uid : null };
  }

  /** False when it failed. */
  async function attempt(
    { namespace, name }: ServiceRef,
    caller: AbortSignal,
    work: () => Promise<void>,
  ): Promise<boolean> {
    try {
      await work();
      budgetMs = Math.max(BUDGET.minMs, budgetMs / 2);
      return true;
    } catch (cause) {
      // The caller still waits, so our own time was over.
      const isLate = codeOf(cause) === 'ABORTED' && !caller.aborted;
      const error = isLate ? late(budgetMs, cause) : cause;
      if (isLate) budgetMs = Math.min(BUDGET.maxMs, budgetMs * 2);
      // On a conflict of the record, another function has announced, or the object has moved on.
      // The next reconcile sees which.
      const level = codeOf(error) === 'KUBE_CONFLICT' ? 'debug' : 'warn';
      deps.log[level]({ service: `${namespace}/${name}`, err: error }, 'an announcement did not get through');
      return false;
    }
  }

  return { announce, tellRemoved, tellRefused, tellUndone, tellUnread: tellStateUnread, tellDemoted, tellGone };
}

function late(budgetMs: number, cause: unknown): ZenLeadError {
  const message = `not announced within ${budgetMs} ms, a later reconcile tries again`;
  return new ZenLeadError('KUBE_TIMEOUT', message, { retry: 'later', cause });
}

interface TellDeps extends AnnouncerDeps {
  readonly timeoutSignal: (timeoutMs: number) => AbortSignal;
  /** What is told of an announcement that is not recorded yet. */
  readonly said: Set<string>;
}

/**
 * Goes on where the previous attempt ended. So even an API server that answers one call in the time
 * of an attempt gets everything in the end.
 */
async function tell(
  announcement: Announcement,
  { snapshot, decidedAt }: Announcing,
  { api, clusterName, eventsSink, timeoutSignal, said }: TellDeps,
  signal: AbortSignal,
): Promise<void> {
  const { source, namespace, name } = snapshot;
  if (source === null) return;
  const { kind, reason, leader, previous, epoch, changedAt, record } = announcement;
  const notices = toNotices(announcement).map((notice) => ({ notice, key: warningKey(snapshot, { epoch }, notice) }));
  for (const { notice, key } of notices) {
    if (said.has(key)) continue;
    await writeKubernetesEvent(api, source, epoch, notice, decidedAt, signal);
    remember(key, said);
  }
  const context = {
    source: clusterSource(clusterName),
    subject: { namespace, name },
    sourceUid: source.uid,
    decidedAt: changedAt ?? decidedAt,
  };
  if (eventsSink !== undefined) {
    const inTime = AbortSignal.any([signal, timeoutSignal(SINK_BUDGET_MS)]);
    await eventsSink(
      toLeaderEvent(context, { decision: kind, reason, previous, leader, epoch, basis: 'event' }),
      inTime,
    );
  }
  if (record !== null) await applyWrite(api, record, signal);
  for (const { key } of notices) said.delete(key);
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
  said: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  const { source, namespace, name: service } = snapshot;
  if (source === null) return;
  for (const warning of warnings) {
    const isNew = await writeKubernetesEvent(api, source, decision.epoch, toWarningNotice(warning), decidedAt, signal);
    if (isNew) metrics.warnings.inc({ namespace, service, reason: warning.reason });
    remember(warningKey(snapshot, decision, warning), said);
  }
}

function remember(key: string, said: Set<string>): void {
  if (said.size === MAX_REMEMBERED) said.clear();
  said.add(key);
}
