/** How soon a change of a flow, its record or a Job leads to an event. */

import { describe, expect, it } from 'vitest';
import { createFlowDomain } from '../../../bridge/flows/flowDomain.ts';
import { createIntake } from '../../../bridge/intake.ts';
import { parseJob } from '../../../lib/flow/objects/parseJob.ts';
import { parseRecordObject } from '../../../lib/flow/objects/parseRecordObject.ts';
import { parseWatchedFlow } from '../../../lib/flow/objects/parseWatchedFlow.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { label, recordName } from '../../../lib/flow/state/names.ts';
import { type FlowRecord, newRecord, serializeRecord } from '../../../lib/flow/state/record.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { aSpec, aStep } from '../../support/objects/aFlow.ts';
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
  const left: (readonly [lane: string, afterMs: number, name: string])[] = [];
  const startedAt = clock.now();
  const intake = createIntake({
    domain,
    clock,
    log: silentLogger,
    resync: { periodMs: 30_000, tickMs: 1_000 },
    maxWaiting: 10,
    onWaiting() {
      for (let concern = intake.queue.take(); concern !== undefined; concern = intake.queue.take()) {
        left.push([concern.lane, clock.now() - startedAt, concern.name]);
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
  const records = domain.store.records(undefined, open('JobFlowRecord'));
  return { clock, left, flows, jobs, records, rechecks: intake.rechecks };
}

describe('an event about a flow', () => {
  it('leaves at once for a new flow, and first for a wish of a person and for the end of a Job', () => {
    const { flows, jobs, left } = aBridge();
    flows.add(flow('1'));
    flows.update(flow('2', {}, { 'approved.workflow.kube-zen.io/a': 'true' }));
    jobs.add(job('3', { spec: { suspend: true } }));
    jobs.update(job('4', complete));
    jobs.delete(job('4', complete));
    expect(left.map(([lane]) => lane)).toEqual(['change', 'failover', 'change', 'failover', 'failover']);
  });

  it('leaves first for each request of a person, and not for another change of the flow', () => {
    const { flows, left } = aBridge();
    flows.add(flow('1'));
    const requests = ['approved', 'attempts', 'skip'].map((verb) => `${verb}.workflow.kube-zen.io/a`);
    const asked: Record<string, string> = {};
    for (const [index, key] of [...requests, 'workflow.kube-zen.io/other'].entries()) {
      asked[key] = 'true';
      flows.update(flow(`1${index}`, {}, { ...asked }));
    }
    flows.update(flow('20', { spec: { steps, suspend: true } }, asked));
    flows.update(flow('21', { spec: { steps, suspend: true } }));
    expect(left.map(([lane]) => lane)).toEqual([
      ...['change', 'failover', 'failover', 'failover', 'change', 'change', 'failover'],
    ]);
  });

  it('leaves after those of others where a reply asks for more at once', async () => {
    const { clock, rechecks, left } = aBridge();
    const key = { key: 'data/nightly', namespace: 'data', name: 'nightly' };
    rechecks.take(key, { recheckAfterMs: 0 });
    await clock.advance(1);
    rechecks.take(key, { recheckAfterMs: 5 });
    await clock.advance(5);
    expect(left.map(([lane]) => lane)).toEqual(['low', 'change']);
  });

  it('leaves a second later for what our own writes show: the view in the status, and a Job that runs', async () => {
    const { clock, flows, jobs, left } = aBridge();
    flows.add(flow('1'));
    flows.update(flow('2', { status: { phase: 'Running', recordRevision: 1 } }));
    jobs.add(job('3'));
    await clock.advance(999);
    expect(left).toHaveLength(1);
    await clock.advance(5_000);
    expect(left.slice(1)).toEqual([['low', 1_000, 'nightly']]);
  });

  it('leaves once where the Job ends sooner', async () => {
    const { clock, jobs, left } = aBridge();
    jobs.add(job('3'));
    await clock.advance(500);
    jobs.update(job('4', complete));
    await clock.advance(5_000);
    expect(left).toEqual([['failover', 500, 'nightly']]);
  });
});

describe('the end of a flow of a group', () => {
  const ofGroup = (name: string, minute: number, policy: JsonObject = {}) =>
    parseWatchedFlow({
      metadata: {
        ...{ namespace: 'data', name, uid: `uid-${name}`, resourceVersion: '1', generation: 1 },
        creationTimestamp: `2026-11-29T02:0${minute}:00Z`,
      },
      spec: { steps, executionPolicy: { concurrencyKey: 'db', ...policy } },
    });
  const record = (name: string, fields: Partial<FlowRecord> = {}, version = '1') =>
    parseRecordObject({
      metadata: {
        ...{ namespace: 'data', name: recordName({ name, uid: `uid-${name}` }), uid: `r-${name}` },
        resourceVersion: version,
        labels: { [label.flow]: name },
        ownerReferences: [{ uid: `uid-${name}`, controller: true }],
      },
      data: serializeRecord({ ...newRecord(aSpec({ steps }), '', 0), ...fields }),
    });

  function aGroup() {
    const bridge = aBridge();
    const all = [ofGroup('holder', 0), ofGroup('young', 3), ofGroup('old', 1), ofGroup('held', 0)];
    for (const each of [...all, ofGroup('other', 0, { concurrencyKey: 'x' })]) bridge.flows.add(each);
    bridge.records.add(record('holder', { groupAt: 5 }));
    bridge.records.add(record('held', { suspendedAt: 5 }));
    for (const name of ['young', 'old', 'other']) bridge.records.add(record(name));
    bridge.left.splice(0);
    return bridge;
  }
  const woken = ({ left }: ReturnType<typeof aBridge>) =>
    left.filter(([lane]) => lane === 'change').map(([, , name]) => name);

  it('wakes the one that has waited longest, of those that may start, and once', () => {
    const bridge = aGroup();
    bridge.records.update(record('holder', { groupAt: 5, rev: 1 }, '2'));
    expect(woken(bridge)).toEqual([]);
    bridge.records.update(record('holder', { groupAt: 5, endedAt: 9 }, '3'));
    expect(woken(bridge)).toEqual(['old']);
    bridge.records.update(record('holder', { groupAt: 5, endedAt: 9, rev: 2 }, '4'));
    expect(woken(bridge)).toEqual(['old']);
  });

  it('is also that it is deleted', () => {
    const bridge = aGroup();
    bridge.flows.delete(ofGroup('holder', 0));
    expect(woken(bridge)).toEqual(['holder', 'old']);
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
