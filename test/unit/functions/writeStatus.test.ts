import { describe, expect, it } from 'vitest';
import { LONGEST_REST_MS, writeStatus } from '../../../functions/flows/writeStatus.ts';
import type { Decision } from '../../../lib/flow/engine/advance.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { sharedFlowMetrics } from '../../simulation/sharedMetrics.ts';
import { aFlowWorld, aStep } from '../../support/objects/aFlow.ts';

const T0 = 1_000_000;
const { signal } = new AbortController();

/** Of a flow that runs, behind by one decision. `tookMs`: of the API server for a write. */
function aView(tookMs = 10) {
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
  const view = { ...flow, status: { ...before.flow?.status, ...status } } as typeof flow;
  return {
    write: (at: number, lastAt: number, starts: Decision['starts'] = []) => {
      now = at;
      const deps = { api, metrics: sharedFlowMetrics, now: () => now };
      return writeStatus(view, { ...decision, starts }, record.record as never, lastAt, deps, signal);
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

  it('rests for twenty times as long as the API server took for it, and for half a minute at most', async () => {
    expect(await aView(400).write(T0 + 1_000, T0)).toMatchObject({ writtenAt: T0 + 1_400 + 20 * 400 - 1_000 });
    expect(await aView(9_000).write(T0 + 1_000, T0)).toMatchObject({ writtenAt: T0 + 10_000 + LONGEST_REST_MS });
  });
});
