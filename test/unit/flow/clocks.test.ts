/** The clocks of two functions, and that of the API server, may differ by hours. */

import { describe, expect, it } from 'vitest';
import { advance } from '../../../lib/flow/engine/advance.ts';
import type { FlowSnapshot } from '../../../lib/flow/state/snapshot.ts';
import { aFlowWorld, aStep } from '../../support/objects/aFlow.ts';

const HOURS_3 = 3 * 3_600_000;

describe('a start that a clock three hours ahead has recorded', () => {
  const world = aFlowWorld({ steps: [aStep('a')] });
  world.at(HOURS_3);
  const snapshot = world.cluster.snapshot(HOURS_3, 'watch');

  it('has its Job looked for now, where a watch does not show it', () => {
    expect(advance({ ...snapshot, jobs: [] }, 10_000)).toMatchObject({ needsRead: true });
  });

  it('has the uid of its Job recorded now', () => {
    expect(advance(snapshot, 10_000).record?.steps[0]?.jobUid).toBe(snapshot.jobs[0]?.uid);
  });

  it('that is ahead by less than a watch takes is waited for', () => {
    const decision = advance({ ...snapshot, jobs: [] }, HOURS_3 - 500);
    expect(decision).toMatchObject({ needsRead: false, nextReconcileAt: HOURS_3 + 2_000 });
  });
});

describe('an end that lies three hours ahead', () => {
  const ended = (kind: 'Complete' | 'Failed', snapshot: FlowSnapshot): FlowSnapshot => ({
    ...snapshot,
    jobs: snapshot.jobs.map((job) => ({ ...job, exitCode: 1, outcome: { kind, reason: '', at: HOURS_3 } })),
  });

  it('puts off a retry by its backoff alone', () => {
    const world = aFlowWorld({ steps: [aStep('a', [], { retryPolicy: { backoff: { duration: '1s' } } })] });
    world.at(0);
    const decision = advance(ended('Failed', world.cluster.snapshot(5_000)), 5_000);
    expect(decision.record?.steps[0]).toMatchObject({ reason: 'Backoff', endedAt: 5_000 });
    expect(decision.nextReconcileAt).toBe(6_000);
  });

  it('is recorded as now', () => {
    const world = aFlowWorld({ steps: [aStep('a')] });
    world.at(0);
    const decision = advance(ended('Complete', world.cluster.snapshot(5_000)), 5_000);
    expect(decision.record?.steps[0]).toMatchObject({ phase: 'Succeeded', endedAt: 5_000 });
  });
});
