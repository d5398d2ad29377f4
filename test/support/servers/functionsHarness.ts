/**
 * Runs functions on a fake API. Their clock stands still unless it is moved, and events are as a
 * bridge with a fresh view would send them.
 */

import { createFunctionReconciler } from '../../../functions/functionDeps.ts';
import { readState } from '../../../functions/reconcile/readState.ts';
import type { Reconciler } from '../../../functions/reconcile/reconciler.ts';
import { toSnapshots } from '../../../functions/reconcile/toSnapshots.ts';
import type { ParsedReconcileEvent } from '../../../lib/events/parseReconcileEvent.ts';
import type { ReconcileData } from '../../../lib/events/reconcileEvent.ts';
import type { ReplyEvent } from '../../../lib/events/reply.ts';
import type { Snapshot } from '../../../lib/selection/snapshot.ts';
import { type Logger, silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../../lib/telemetry/metrics.ts';
import { wireOf } from '../elections/wire.ts';
import { type FakeApi, startFakeApi } from './fakeApi.ts';

export interface Harness {
  readonly fake: FakeApi;
  readonly reconciler: Reconciler;
  readonly metrics: Metrics;
  readonly clock: { now: number };
  /**
   * How many times longer announcements may take than they may in earnest. On a busy machine a
   * time-out of half a second would be part of any story; set it to 1 where it is.
   */
  readonly patience: { factor: number };
  /** What a bridge would put into an event now. Reads through the API and forgets the requests. */
  snapshot(name?: string): Promise<Snapshot>;
  event(changes?: Partial<ParsedReconcileEvent>, data?: Partial<ReconcileData>): Promise<ParsedReconcileEvent>;
  /** Reconciles a trusted event with a fresh snapshot. */
  reconcile(changes?: Partial<ParsedReconcileEvent>, data?: Partial<ReconcileData>): Promise<ReplyEvent>;
  /** Reconciles until nothing is written any more, and forgets the requests. */
  settle(): Promise<void>;
  count(metric: string, labels: Record<string, string>): Promise<number>;
}

export const signal = new AbortController().signal;

export interface HarnessOptions {
  readonly eventsSink?: string;
  readonly log?: Logger;
  readonly scaleDown?: boolean;
}

export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  const fake = await startFakeApi();
  const metrics = createMetrics();
  const clock = { now: Date.parse('2026-11-20T10:00:00Z') };
  const now = (): number => clock.now;
  const patience = { factor: 40 };
  const functions = createFunctionReconciler({
    api: fake.api,
    clusterName: 'test',
    metrics,
    log: silentLogger,
    now,
    timeoutSignal: (timeoutMs) => AbortSignal.timeout(timeoutMs * patience.factor),
    ...options,
  });
  const wire = wireOf('db');
  const reconciler: Reconciler = {
    ...functions,
    reconcile: (...given) =>
      functions.reconcile(...given).then(wire.toStory, (error: Error) => {
        error.message = wire.toStory(error.message);
        throw error;
      }),
  };

  const harness: Harness = {
    fake,
    reconciler,
    metrics,
    clock,
    patience,
    async snapshot(name = 'db') {
      const state = await readState(fake.api, 'shop', now, signal);
      fake.requests.length = 0;
      return toSnapshots(state)(name);
    },
    async event(changes = {}, data = {}) {
      const snapshot = await harness.snapshot();
      return {
        kind: 'reconcile',
        id: 'e1',
        type: 'io.zen-lead.pod.modified',
        source: '/clusters/test',
        subject: { namespace: 'shop', name: 'db' },
        observedAt: clock.now - 5,
        data: {
          kind: 'readable',
          value: {
            change: { kind: 'Pod', name: 'db-0', verb: 'modified' },
            deadline: clock.now + 3_000,
            snapshot,
            ...data,
          },
        },
        ...changes,
      };
    },
    async reconcile(changes, data) {
      return reconciler.reconcile(await harness.event(changes, data), true, signal);
    },
    async settle() {
      for (let i = 0; i < 6; i++) {
        await harness.reconcile();
        if (fake.writes().length === 0) return;
      }
      throw new Error(`still writing: ${fake.writes().join(', ')}`);
    },
    async count(metric, labels) {
      const found = await metrics.registry.getSingleMetric(`zen_lead_${metric}`)?.get();
      const matches = found?.values.filter(({ labels: has }) =>
        Object.entries(labels).every(([key, value]) => String(has[key]) === value),
      );
      return (matches ?? []).reduce((sum, { value }) => sum + value, 0);
    },
  };
  return harness;
}
