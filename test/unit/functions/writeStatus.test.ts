import { describe, expect, it } from 'vitest';
import { createViewPace, LONGEST_REST_MS, type ViewPace } from '../../../functions/flows/viewPace.ts';
import { writeStatus } from '../../../functions/flows/writeStatus.ts';
import type { Decision } from '../../../lib/flow/engine/advance.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { sharedFlowMetrics } from '../../simulation/sharedMetrics.ts';
import { aFlowWorld, aStep } from '../../support/objects/aFlow.ts';

const T0 = 1_000_000;
const { signal } = new AbortController();

/** Of a flow that runs, behind by one decision. `tookMs`: of the API server for a write. */
function aView(tookMs = 10, views: ViewPace = createViewPace(), isNew = false) {
  const world = aFlowWorld({ steps: [aStep('a'), aStep('b', 'a'), aStep('c', 'b')] }, {}, 10);
  world.at(0);
  const before = world.cluster.snapshot(5);
  const decision = world.at(10);
  const { flow, record } = world.cluster.snapshot(10);
  if (flow === null || record === null || record.record === 'unreadable' || record.record === null) throw new Error();
  const status = { phase: 'Running', reason: null, steps: [], conditions: [], recordRevision: 1 };
  let now = T0;
  const mergePatch = async (): Promise<void> => {
    now += tookMs;
  };
  const api = { mergePatch } as unknown as KubeApi;
  const view = { ...flow, status: isNew ? null : { ...before.flow?.status, ...status } } as typeof flow;
  const started = { ...record.record, startedAt: T0 };
  return {
    write: (at: number, lastAt: number, starts: Decision['starts'] = []) => {
      now = at;
      const deps = { api, metrics: sharedFlowMetrics, now: () => now, views };
      return writeStatus(view, { ...decision, starts }, started, lastAt, deps, signal);
    },
  };
}

describe('a view in which nothing urgent has changed', () => {
  it('is written a second after the last one', async () => {
    const { write } = aView();
    expect(await write(T0 + 999, T0)).toEqual({ writtenAt: T0, dueAt: T0 + 1_000 });
    expect(await write(T0 + 1_000, T0)).toEqual({ writtenAt: T0 + 1_010, dueAt: null });
  });

  it('waits for a pass that starts nothing, for a second at most', async () => {
    const { write } = aView();
    const starts = [{ step: 'b', attempt: 1 }];
    expect(await write(T0 + 1_500, T0, starts)).toEqual({ writtenAt: T0, dueAt: T0 + 1_700 });
    expect(await write(T0 + 1_700, T0)).toMatchObject({ dueAt: null });
    expect(await write(T0 + 2_000, T0, starts)).toMatchObject({ dueAt: null });
  });

  it('leaves room between the views of all flows, and is half a minute old at most', async () => {
    const views = createViewPace();
    expect(await aView(200, views).write(T0 + 1_000, T0)).toMatchObject({ dueAt: null });
    const { write } = aView(10, views);
    expect(await write(T0 + 1_500, T0)).toEqual({ writtenAt: T0, dueAt: T0 + 1_200 + 20 * 200 });
    expect(await write(T0 + 5_200, T0)).toMatchObject({ dueAt: null });
    views.note(9_000, T0 + 6_000);
    expect(await write(T0 + 29_999, T0)).toMatchObject({ dueAt: T0 + 30_000 });
    expect(await write(T0 + 30_000, T0)).toMatchObject({ dueAt: null });
  });

  it('rests for twenty times as long as the API server took for it, and for half a minute at most', async () => {
    expect(await aView(400).write(T0 + 1_000, T0)).toMatchObject({ writtenAt: T0 + 1_400 + 20 * 400 - 1_000 });
    expect(await aView(9_000).write(T0 + 1_000, T0)).toMatchObject({ writtenAt: T0 + 10_000 + LONGEST_REST_MS });
  });
});

describe('the first view of a flow', () => {
  const starts = [{ step: 'a', attempt: 1 }];

  it('waits for a pass that starts nothing, for a second at most', async () => {
    const { write } = aView(10, createViewPace(), true);
    expect(await write(T0 + 5, 0, starts)).toEqual({ writtenAt: 0, dueAt: T0 + 205 });
    expect(await write(T0 + 205, 0)).toMatchObject({ dueAt: null });
    expect(await write(T0 + 1_000, 0, starts)).toMatchObject({ dueAt: null });
  });

  it('waits for no view of another flow', async () => {
    const views = createViewPace();
    views.note(9_000, T0);
    expect(await aView(10, views, true).write(T0 + 205, 0)).toMatchObject({ dueAt: null });
  });
});
