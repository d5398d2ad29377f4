/** When a flow is expected to be done, and whether it is ready. */

import { describe, expect, it } from 'vitest';
import { flowPhase } from '../../../lib/flow/state/flowPhase.ts';
import { type FlowRecord, newRecord, parseRecord, serializeRecord } from '../../../lib/flow/state/record.ts';
import { toStatus } from '../../../lib/flow/writes/toStatus.ts';
import { aFlowWorld, aStep } from '../../support/objects/aFlow.ts';

const STARTED = Date.parse('2026-11-29T02:30:00Z');

function statusOf(fields: Partial<FlowRecord>, expectedSeconds?: string) {
  const { flow: seen } = aFlowWorld({ steps: [aStep('a')] }).cluster.snapshot(0);
  if (seen === null) throw new Error('no flow');
  const annotations = expectedSeconds === undefined ? {} : { 'workflow.kube-zen.io/expected-seconds': expectedSeconds };
  const flow = { ...seen, annotations };
  const record = { ...newRecord(flow.spec, flow.specHash, STARTED), ...fields };
  const status = toStatus(flow, record, flowPhase(flow.spec, record), STARTED);
  const conditions = status['conditions'] as readonly { readonly type: string }[];
  return { at: status['estimatedCompletionTime'], ready: conditions.find(({ type }) => type === 'Ready') };
}

describe('the estimated completion of a flow', () => {
  it('follows from the last run of its schedule, or of its group', () => {
    expect(statusOf({}, '90').at).toBe('2026-11-29T02:31:30Z');
    expect(statusOf({ groupAt: STARTED + 60_000, expectedMs: 120_000 }).at).toBe('2026-11-29T02:33:00Z');
  });

  it('moves by the time in which the flow was suspended', () => {
    expect(statusOf({ pausedMs: 600_000 }, '90').at).toBe('2026-11-29T02:41:30Z');
  });

  it('is absent without such a run, once the flow has ended, and for a number that is none', () => {
    expect(statusOf({}).at).toBeNull();
    expect(statusOf({ endedAt: STARTED + 1 }, '90').at).toBeNull();
    for (const text of ['-1', 'soon', '1e300', 'NaN']) expect(statusOf({}, text).at).toBeNull();
  });

  it('is kept in the record, which is unreadable with another type', () => {
    const record = {
      ...newRecord(aFlowWorld({ steps: [aStep('a')] }).cluster.snapshot(0).flow?.spec ?? never(), '', 0),
    };
    const text = serializeRecord({ ...record, expectedMs: 120_000 });
    expect(parseRecord(text)?.expectedMs).toBe(120_000);
    expect(parseRecord(text.replace('120000', '"120000"'))).toBeNull();
    expect(parseRecord(serializeRecord(record))).not.toHaveProperty('expectedMs');
  });
});

function never(): never {
  throw new Error('no flow');
}

describe('the condition Ready, as of the Go zen-flow', () => {
  it.each([
    [{}, 'True', 'FlowRunning'],
    [{ suspendedAt: STARTED }, 'False', 'FlowSuspended'],
    [{ endedAt: STARTED }, 'True', 'FlowSucceeded'],
    [{ endedAt: STARTED, stop: { reason: 'Stopped', at: STARTED } as const }, 'False', 'FlowFailed'],
  ])('%j is %s, %s', (fields, status, reason) => {
    expect(statusOf(fields).ready).toMatchObject({ status, reason });
  });
});
