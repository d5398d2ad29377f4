/**
 * createNewsDesk: writes the Kubernetes Events of flows, which `kubectl describe` shows, behind
 * everything else. One Event costs the API server most of what a Job costs it.
 *
 * What goes by itself is held for a second, so that several steps of a flow share an Event, and is
 * written at a pace. What a person waits for is written at once.
 *
 * Guarantees: no decision waits for an Event. What is held is bounded.
 * Does not guarantee that each change is told: a function that is killed between the record and the
 * Event tells nothing.
 */

import { codeOf } from '../../lib/errors.ts';
import type { Decision } from '../../lib/flow/engine/advance.ts';
import type { FlowPhase } from '../../lib/flow/state/flowPhase.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import type { FlowMetrics } from '../../lib/telemetry/flowMetrics.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import { countCalls } from './countCalls.ts';
import { type Merged, mergeRoutine, newsOf, toNews } from './flowNews.ts';
import { type News, writeEvents } from './writeEvents.ts';

export interface NewsDesk {
  /** `told`: the phase of which people know; that of the view where it is undefined. */
  tell(flow: FlowView, decision: Decision, told?: FlowPhase | null): void;
  /** Of a Job that cannot be made for now: once for each version of the flow. */
  tellFailure(flow: FlowView, error: unknown): void;
  /** Writes what is held, up to a bound. */
  close(): Promise<void>;
}

interface NewsDeskOptions {
  readonly api: KubeApi;
  readonly log: Logger;
  readonly metrics: Pick<FlowMetrics, 'apiCalls'>;
  readonly now: () => number;
  /** Returns what cancels it. */
  readonly setTimer?: (run: () => void, afterMs: number) => () => void;
}

const HOLD_MS = 1_000;
/** Between two Events about what goes by itself: 20 a second. */
const PACE_MS = 50;
const CLOSE_WITHIN_MS = 2_000;
/** Each takes some 1 KB. */
const MAX_HELD = 5_000;

interface Held {
  readonly flow: Who;
  readonly dueAt: number;
  /** By reason and text. */
  readonly routine: Map<string, Merged>;
}

/** Without the spec, which would be kept along. */
type Who = Pick<FlowView, 'namespace' | 'name' | 'uid'>;

export function createNewsDesk({ log, now, setTimer = systemTimer, ...deps }: NewsDeskOptions): NewsDesk {
  const api = countCalls(deps.api, deps.metrics);
  const stop = new AbortController();
  /** By uid of the flow, those that are due first come first. */
  const held = new Map<string, Held>();
  const urgent: { readonly flow: Who; readonly news: News }[] = [];
  let dropped = 0;
  let isWriting = false;
  let isClosing = false;
  let pacedUntil = 0;
  let cancel = (): void => undefined;
  let onIdle = (): void => undefined;

  function hold({ namespace, name, uid }: FlowView, { urgent: first, routine }: ReturnType<typeof newsOf>): void {
    const flow = { namespace, name, uid };
    for (const news of first) {
      if (urgent.length >= MAX_HELD) noteDropped(urgent.shift()?.flow);
      urgent.push({ flow, news });
    }
    if (routine.length === 0) return;
    const own = held.get(uid) ?? { flow, dueAt: now() + HOLD_MS, routine: new Map<string, Merged>() };
    held.set(uid, own);
    for (const each of routine) {
      const key = `${each.reason}/${each.text}`;
      own.routine.set(key, mergeRoutine(own.routine.get(key), each));
    }
    const [oldest] = held.values();
    if (held.size <= MAX_HELD || oldest === undefined) return;
    held.delete(oldest.flow.uid);
    noteDropped(oldest.flow);
  }

  function noteDropped(flow: Who | undefined): void {
    dropped += 1;
    if (dropped % MAX_HELD === 1) log.warn({ flow: flow?.name, dropped }, 'Events are left out: too many wait');
  }

  /** Null where nothing is to be written yet; a timer is set then. */
  function take(): { readonly flow: Who; readonly news: readonly News[] } | null {
    const next = urgent.shift();
    if (next !== undefined) return { flow: next.flow, news: [next.news] };
    const [oldest] = held.values();
    if (oldest === undefined) return null;
    const waitMs = isClosing ? 0 : Math.max(oldest.dueAt, pacedUntil) - now();
    if (waitMs > 0) {
      cancel = setTimer(write, waitMs);
      return null;
    }
    held.delete(oldest.flow.uid);
    const news = [...oldest.routine.values()].map(toNews);
    pacedUntil = now() + news.length * PACE_MS;
    return { flow: oldest.flow, news };
  }

  function write(): void {
    if (isWriting) return;
    cancel();
    const next = take();
    if (next === null) {
      onIdle();
      return;
    }
    isWriting = true;
    void writeEvents('JobFlow', next.flow, next.news, { api, log, now }, stop.signal).finally(() => {
      isWriting = false;
      write();
    });
  }

  return {
    tell(flow, decision, told) {
      hold(flow, newsOf(flow, decision, told));
      write();
    },
    tellFailure(flow, error) {
      const note = error instanceof Error ? error.message : String(error);
      const about = [flow.resourceVersion, codeOf(error) ?? ''];
      hold(flow, { urgent: [{ type: 'Warning', reason: 'JobNotCreated', note, about }], routine: [] });
      write();
    },
    async close() {
      isClosing = true;
      const isIdle = new Promise<void>((resolve) => {
        onIdle = resolve;
      });
      write();
      const cancelBound = setTimer(() => {
        stop.abort();
        held.clear();
        urgent.splice(0);
        onIdle();
      }, CLOSE_WITHIN_MS);
      await isIdle;
      cancelBound();
    },
  };
}

function systemTimer(run: () => void, afterMs: number): () => void {
  const timer = setTimeout(run, afterMs).unref();
  return () => clearTimeout(timer);
}
