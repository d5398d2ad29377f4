/** What `kubectl get jobflows -o wide` shows of a flow on its way. */

import { describe, expect, it } from 'vitest';
import { flowPhase } from '../../../lib/flow/state/flowPhase.ts';
import { newRecord, type StepRecord } from '../../../lib/flow/state/record.ts';
import { toStatus } from '../../../lib/flow/writes/toStatus.ts';
import { aFlowWorld, aStep } from '../../support/objects/aFlow.ts';

type State = Partial<Pick<StepRecord, 'phase' | 'attempt'>>;

function columnsOf(states: Readonly<Record<string, State>>) {
  const { flow } = aFlowWorld({ steps: Object.keys(states).map((name) => aStep(name)) }).cluster.snapshot(0);
  if (flow === null) throw new Error('no flow');
  const fresh = newRecord(flow.spec, flow.specHash, 0);
  const record = { ...fresh, steps: fresh.steps.map((step) => ({ ...step, ...states[step.name] })) };
  const { running, retries } = toStatus(flow, record, flowPhase(flow.spec, record), 0);
  return { running, retries };
}

const running: State = { phase: 'Running' };

describe('the wide columns', () => {
  it('name the steps that run', () => {
    expect(columnsOf({ extract: running, load: running, send: {} }).running).toBe('extract, load');
  });

  it('count those that run beside the first two, however long their names are', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `${index}`.padStart(52, 'a'));
    const text = String(columnsOf(Object.fromEntries(names.map((name) => [name, running]))).running);
    expect(text).toMatch(/^a+\d+, a+\d+ \(\+998\)$/);
    expect(text.length).toBeLessThanOrEqual(128);
  });

  it('name no step where none runs, so that an older text goes', () => {
    expect(columnsOf({ a: { phase: 'Succeeded' }, b: {} }).running).toBeNull();
  });

  it('sum up the attempts after the first', () => {
    expect(columnsOf({ a: {}, b: {} }).retries).toBe(0);
    expect(columnsOf({ a: { attempt: 3 }, b: { attempt: 2 }, c: {} }).retries).toBe(3);
  });
});
