/** How soon a change of a flow, its record or a Job leads to an event. */

import { describe, expect, it } from 'vitest';
import { createFlowDomain } from '../../../bridge/flows/flowDomain.ts';
import { createIntake } from '../../../bridge/intake.ts';
import { parseJob } from '../../../lib/flow/objects/parseJob.ts';
import { parseWatchedFlow } from '../../../lib/flow/objects/parseWatchedFlow.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { label } from '../../../lib/flow/state/names.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { aStep } from '../../support/objects/aFlow.ts';
import { createVirtualClock } from '../../support/simulated/virtualClock.ts';

const steps = [aStep('a')];
const flow = (resourceVersion: string, fields: JsonObject = {}, annotations: JsonObject = {}) =>
  parseWatchedFlow({
    metadata: { namespace: 'data', name: 'nightly', uid: 'f-1', resourceVersion, generation: 1, annotations },
    spec: { steps },
    ...fields,
  });
const job = (resourceVersion: string, fields: JsonObject = {}) =>
  parseJob({
    metadata: {
      ...{ namespace: 'data', name: 'nightly-a', uid: 'j-1', resourceVersion },
      labels: { [label.flow]: 'nightly', [label.step]: 'a', [label.attempt]: '1' },
    },
    ...fields,
  });
const complete = { status: { conditions: [{ type: 'Complete', status: 'True' }] } };

/** The lanes of what leaves: `change`, after so many milliseconds. */
function aBridge() {
  const clock = createVirtualClock();
  const domain = createFlowDomain((snapshot) => snapshot);
  const left: (readonly [lane: string, afterMs: number])[] = [];
  const startedAt = clock.now();
  const intake = createIntake({
    domain,
    clock,
    log: silentLogger,
    resync: { periodMs: 30_000, tickMs: 1_000 },
    maxWaiting: 10,
    onWaiting() {
      for (let concern = intake.queue.take(); concern !== undefined; concern = intake.queue.take()) {
        left.push([concern.lane, clock.now() - startedAt]);
        intake.queue.finish(concern.key);
      }
    },
    isSynced: () => true,
    isSettled: () => false,
    canWait: () => false,
  });
  const open =
    <T>(of: string) =>
    (change: T) => {
      intake.onChange({ of, change } as never);
      intake.onSettled();
    };
  const flows = domain.store.flows(undefined, open('JobFlow'));
  const jobs = domain.store.jobs(undefined, open('Job'));
  return { clock, left, flows, jobs };
}

describe('an event about a flow', () => {
  it('leaves at once for a new flow, for a wish of a person, and for the end of a Job', () => {
    const { flows, jobs, left } = aBridge();
    flows.add(flow('1'));
    flows.update(flow('2', {}, { 'approved.workflow.kube-zen.io/a': 'true' }));
    jobs.add(job('3', { spec: { suspend: true } }));
    jobs.update(job('4', complete));
    jobs.delete(job('4', complete));
    expect(left.map(([lane]) => lane)).toEqual(['change', 'change', 'change', 'failover', 'failover']);
  });

  it('leaves a second later for what our own writes show: the view in the status, and a Job that runs', async () => {
    const { clock, flows, jobs, left } = aBridge();
    flows.add(flow('1'));
    flows.update(flow('2', { status: { phase: 'Running', recordRevision: 1 } }));
    jobs.add(job('3'));
    await clock.advance(999);
    expect(left).toHaveLength(1);
    await clock.advance(5_000);
    expect(left.slice(1)).toEqual([['low', 1_000]]);
  });

  it('leaves once where the Job ends sooner', async () => {
    const { clock, jobs, left } = aBridge();
    jobs.add(job('3'));
    await clock.advance(500);
    jobs.update(job('4', complete));
    await clock.advance(5_000);
    expect(left).toEqual([['failover', 500]]);
  });
});

describe('a flow that is seen again', () => {
  it('keeps what was read of its spec, and reads what differs', () => {
    const known = flow('1');
    const again = parseWatchedFlow({ ...known.source, status: { phase: 'Running' } }, () => known);
    expect(again.spec).toBe(known.spec);
    expect(again.status?.phase).toBe('Running');
    const changed = parseWatchedFlow({ ...known.source, spec: { steps: [aStep('b')] } }, () => known);
    expect(changed.spec.steps.map(({ name }) => name)).toEqual(['b']);
    expect(changed.specHash).not.toBe(known.specHash);
  });
});
