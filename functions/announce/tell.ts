/**
 * createTeller: tells the user of a Service what no announcement of a leader says: that a Service
 * was removed, that a write is refused or undone, that the state cannot be read, that a pod was
 * ended, that the source is gone.
 *
 * Guarantees: it never rejects. One word of each, for as long as it is remembered.
 */

import { codeOf } from '../../lib/errors.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import type { DemotionOrder } from '../../lib/selection/demotion.ts';
import type { GoneSource, Snapshot, Uid } from '../../lib/selection/snapshot.ts';
import type { Write } from '../../lib/selection/write.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { HeldBack } from '../reconcile/damping.ts';
import type { Attempts } from './attempts.ts';
import type { EventsSink } from './eventsSink.ts';
import { announceGone } from './goneSource.ts';
import { type Notice, regardingOf, writeKubernetesEvent } from './kubernetesEvent.ts';
import { readManagers } from './managers.ts';
import {
  type Scaled,
  toDemotedNotice,
  toRefusalNotice,
  toRemovalNotices,
  toScaledNotice,
  toUndoneNotice,
  warningKey,
} from './notices.ts';
import type { Said } from './said.ts';
import { tellUnread, toUnreadNotice, type Unread } from './unread.ts';

export interface Teller {
  tellRemoved(snapshot: Snapshot, writes: readonly Write[], signal: AbortSignal): Promise<void>;
  /** Tells the user why nothing changes: the API server refused a write. */
  tellRefused(snapshot: Snapshot, error: unknown, signal: AbortSignal): Promise<void>;
  /** Tells the user which writes do not stay, and who changes them. */
  tellUndone(snapshot: Snapshot, heldBack: readonly HeldBack[], signal: AbortSignal): Promise<void>;
  /** Tells the user why nothing is decided: the state could not be read. */
  tellUnread(service: ServiceRef, unread: Unread): Promise<void>;
  /** Tells the user that a pod was ended after it was left. */
  tellDemoted(snapshot: Snapshot, order: DemotionOrder, signal: AbortSignal): Promise<void>;
  /** Tells the user that the workload was scaled. */
  tellScaled(snapshot: Snapshot, scaled: Scaled, signal: AbortSignal): Promise<void>;
  /** Announces the end of a deleted Service. */
  tellGone(service: ServiceRef, gone: GoneSource, signal: AbortSignal): Promise<GoneTold>;
}

export interface TellerDeps {
  readonly api: KubeApi;
  readonly clusterName: string;
  /** Undefined where only Kubernetes is told. */
  readonly eventsSink: EventsSink | undefined;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
}

/** `settled`: its end is announced, or needs no announcement. Null where it is still owed. */
export interface GoneTold {
  readonly settled: Uid | null;
}

export function createTeller(deps: TellerDeps, attempts: Attempts, said: Said): Teller {
  async function tellRemoved(snapshot: Snapshot, writes: readonly Write[], signal: AbortSignal): Promise<void> {
    const { source } = snapshot;
    const notices = toRemovalNotices(writes);
    if (source === null || notices.length === 0) return;
    const inTime = attempts.inTime(signal);
    await attempts.attempt(snapshot, signal, async () => {
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
    const inTime = attempts.inTime(signal);
    await attempts.attempt(snapshot, signal, async () => {
      const isNew = await writeKubernetesEvent(deps.api, source, 0, notice, deps.now(), inTime);
      if (isNew) deps.metrics.warnings.inc({ namespace, service, reason: notice.reason });
      said.remember(key);
    });
  }

  async function tellUndone(snapshot: Snapshot, heldBack: readonly HeldBack[], signal: AbortSignal): Promise<void> {
    const { source, namespace, name: service } = snapshot;
    if (source === null) return;
    for (const held of heldBack) {
      const key = warningKey(snapshot, { epoch: 0 }, { reason: 'WriteUndone', value: held.name });
      if (said.has(key)) continue;
      const inTime = attempts.inTime(signal);
      await attempts.attempt(snapshot, signal, async () => {
        const notice = toUndoneNotice(held, await readManagers(deps.api, namespace, held, inTime));
        const isNew = await writeKubernetesEvent(deps.api, source, 0, notice, deps.now(), inTime);
        if (isNew) deps.metrics.warnings.inc({ namespace, service, reason: notice.reason });
        said.remember(key);
      });
    }
  }

  async function tellStateUnread(service: ServiceRef, unread: Unread): Promise<void> {
    const notice = toUnreadNotice(unread);
    const key = `${service.namespace}/${service.name}/StateNotRead/${notice?.value}`;
    if (notice === null || said.has(key)) return;
    // The caller of the reconcile may have gone, which is the very reason.
    const noCaller = new AbortController().signal;
    const inTime = attempts.inTime(noCaller);
    await attempts.attempt(service, noCaller, async () => {
      if (await tellUnread(service, notice, deps, inTime)) said.remember(key);
    });
  }

  async function tellOf(snapshot: Snapshot, epoch: number, notice: Notice, signal: AbortSignal): Promise<void> {
    const source = regardingOf(snapshot);
    if (source === null) return;
    const inTime = attempts.inTime(signal);
    await attempts.attempt(snapshot, signal, async () => {
      await writeKubernetesEvent(deps.api, source, epoch, notice, deps.now(), inTime);
    });
  }

  async function tellGone(service: ServiceRef, gone: GoneSource, signal: AbortSignal): Promise<GoneTold> {
    const key = `${gone.uid}/SourceGone`;
    if (said.has(key)) return { settled: gone.uid };
    const inTime = attempts.inTime(signal);
    const goneDeps = { ...deps, sinkSignal: attempts.inSinkTime };
    let isSettled = false;
    await attempts.attempt(service, signal, async () => {
      const ending = await announceGone(service, gone, goneDeps, inTime);
      isSettled = ending.kind !== 'waits';
      if (ending.kind !== 'announced') return;
      said.remember(key);
      const { previous, epoch } = ending;
      const line = { service: `${service.namespace}/${service.name}`, previous: previous?.name ?? null, epoch };
      deps.log.info({ ...line, decision: 'lost', reason: 'SourceGone' }, 'announced the end of a Service');
    });
    return { settled: isSettled ? gone.uid : null };
  }

  return {
    tellRemoved,
    tellRefused,
    tellUndone,
    tellUnread: tellStateUnread,
    tellDemoted: (snapshot, order, signal) => tellOf(snapshot, order.demotion.epoch, toDemotedNotice(order), signal),
    tellScaled: (snapshot, scaled, signal) => tellOf(snapshot, 0, toScaledNotice(scaled), signal),
    tellGone,
  };
}
