/** JobFlowSchedules on the embedded API server. Time is passed in: no test waits for a minute. */

import { describe, expect, it, onTestFinished } from 'vitest';
import type { RequestInfo } from '../../../apiserver/requestFaults.ts';
import { systemClock } from '../../../bridge/clock.ts';
import { onScheduleEvent } from '../../../functions/schedules/onScheduleEvent.ts';
import { parseSchedule } from '../../../lib/flow/objects/parseSchedule.ts';
import { minuteOf, scheduledName } from '../../../lib/flow/schedule/scheduledFlow.ts';
import type { Json, JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { createFlowMetrics } from '../../../lib/telemetry/flowMetrics.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { aStep } from '../../support/objects/aFlow.ts';
import { aSchedule } from '../../support/objects/aSchedule.ts';
import { aFlowCluster, connect } from '../../support/programs/aFlowCluster.ts';

const MINUTE = 60_000;
const ref = { namespace: 'default', name: 'nightly' };

async function aScheduleCluster(spec: JsonObject = {}) {
  const cluster = await aFlowCluster();
  const { objects, server } = cluster;
  objects.create(aSchedule({ schedule: '* * * * *', ...spec }));
  const { api, metrics } = connect(server);
  onTestFinished(() => api.close());
  const flowMetrics = createFlowMetrics(metrics.registry);
  const schedule = { resource: 'jobflowschedules', ...ref };
  const view = () => parseSchedule(objects.read(schedule));
  /** The first whole minute after the schedule was made. */
  const due = Math.ceil((view().createdAt + 1) / MINUTE) * MINUTE;
  return {
    ...cluster,
    due,
    view,
    api,
    flowMetrics,
    flows: () =>
      objects
        .list('jobflows')
        .map(({ metadata }) => String((metadata as JsonObject)['name']))
        .sort(),
    flow: (at: number) => ({ resource: 'jobflows', namespace: 'default', name: scheduledName('nightly', at) }),
    pass: (now: number) =>
      onScheduleEvent(
        ref,
        { api, log: silentLogger, metrics: flowMetrics, now: () => now },
        AbortSignal.timeout(5_000),
      ),
    end: (at: number, phase: Json) =>
      objects.patchStatus(
        { resource: 'jobflows', namespace: 'default', name: scheduledName('nightly', at) },
        {
          status: { phase, startTime: new Date(at).toISOString(), completionTime: new Date(at + 5_000).toISOString() },
        },
      ),
  };
}

describe('a schedule', () => {
  it('makes one flow for a minute, which it controls, and says so in its status', async () => {
    const { due, pass, flows, flow, objects, view, events } = await aScheduleCluster();
    expect(await pass(due - 1)).toEqual({ decision: 'kept', recheckAfterMs: 1 });
    const name = scheduledName('nightly', due);
    expect(await pass(due + 20)).toEqual({ decision: 'started', flow: name, recheckAfterMs: MINUTE - 20 });
    expect(await pass(due + 30)).toMatchObject({ decision: 'kept' });
    expect(flows()).toEqual([name]);
    expect(objects.read(flow(due))).toMatchObject({
      metadata: {
        labels: { 'workflow.kube-zen.io/schedule': 'nightly' },
        annotations: { 'workflow.kube-zen.io/scheduled-at': new Date(due).toISOString().replace('.000Z', 'Z') },
        ownerReferences: [{ kind: 'JobFlowSchedule', name: 'nightly', uid: view().uid, controller: true }],
      },
      spec: { steps: [{ name: 'a', type: 'Job' }], parallelism: 64 },
    });
    expect(view().status).toMatchObject({ activeCount: 1, active: [{ name }], lastScheduleAt: due });
    expect(events()).toEqual(['SuccessfulCreate']);
  });

  it.each([
    ['the flow was made', 'create', 'jobflows'],
    ['the status was written', 'patch', 'jobflowschedules'],
  ])('makes no second flow where it was cut off right after %s', async (_what, verb, resource) => {
    const { due, pass, flows, server } = await aScheduleCluster();
    const matches = (request: RequestInfo) => request.verb === verb && request.resource === resource;
    server.faults.add({ fault: { kind: 'lostAnswer' }, matches, times: 1 });
    await pass(due + 10).catch(() => undefined);
    await pass(due + 1_000);
    await pass(due + 2_000);
    expect(flows()).toEqual([scheduledName('nightly', due)]);
  });

  it('writes nothing by state that has grown too old meanwhile, and reads it again', async () => {
    const { due, flows, api, flowMetrics } = await aScheduleCluster();
    // The function freezes for a minute between its first read and its first write.
    let reads = 0;
    const times = [due + 10, due + 10, due + MINUTE];
    const now = () => times[Math.min(reads++, times.length - 1)] ?? due;
    const deps = { api, log: silentLogger, metrics: flowMetrics, now };
    await onScheduleEvent(ref, deps, AbortSignal.timeout(5_000));
    expect(flows().map(minuteOf)).toEqual([due + MINUTE]);
  });

  it('leaves a flow alone that has its name and another owner, and says so', async () => {
    const { due, pass, flow, objects, view, flowMetrics } = await aScheduleCluster();
    const { name } = flow(due);
    const metadata = { namespace: 'default', name };
    objects.create({ ...aSchedule(), kind: 'JobFlow', metadata, spec: { steps: [aStep('foreign')] } });
    expect(await pass(due + 10)).toEqual({ decision: 'refused', recheckAfterMs: 30_000 });
    expect(objects.read(flow(due))).toMatchObject({ spec: { steps: [{ name: 'foreign' }] } });
    expect(view().status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', reason: 'NameTaken' }));
    expect(await flowMetrics.scheduleRuns.get()).toMatchObject({
      values: [{ value: 1, labels: { flow: 'nightly', result: 'refused' } }],
    });
  });

  it('tells each flow how long the last one took, and keeps as many as it is asked to', async () => {
    const { due, pass, end, flow, flows, objects, view } = await aScheduleCluster({ successfulJobsHistoryLimit: 1 });
    for (const minute of [0, 1, 2]) {
      await pass(due + minute * MINUTE);
      end(due + minute * MINUTE, 'Succeeded');
    }
    await pass(due + 2 * MINUTE + 10_000);
    expect(flows().map(minuteOf)).toEqual([due + 2 * MINUTE]);
    expect(objects.read(flow(due + 2 * MINUTE))).toMatchObject({
      metadata: { annotations: { 'workflow.kube-zen.io/expected-seconds': '5' } },
    });
    expect(view().status).toMatchObject({ activeCount: 0, lastSuccessfulAt: due + 2 * MINUTE + 5_000 });
  });

  it('ends the flow before where concurrencyPolicy is Replace', async () => {
    const { due, pass, end, flow, flows, objects } = await aScheduleCluster({ concurrencyPolicy: 'Replace' });
    await pass(due);
    await pass(due + MINUTE);
    expect(objects.read(flow(due))).toMatchObject({ spec: { shutdown: 'Terminate' } });
    expect(flows()).toHaveLength(1);
    end(due, 'Failed');
    expect(await pass(due + MINUTE + 5_000)).toMatchObject({ decision: 'started' });
  });
});

it('zen-flow runs the flow of a schedule when its minute has come, and the schedule hears of its end', async () => {
  const { flows, server, view } = await aScheduleCluster();
  const { api, metrics } = connect(server);
  const { startZenFlow } = await import('../../../cli/flow/startZenFlow.ts');
  // This machine's clock is two minutes ahead, so that one minute is over.
  const clock = { ...systemClock, now: () => Date.now() + 2 * MINUTE };
  const where = { api, clusterName: 'test', namespaces: [], metrics, log: silentLogger, clock };
  const bridge = startZenFlow({ ...where, flowMetrics: createFlowMetrics(metrics.registry) });
  onTestFinished(async () => {
    await bridge.close();
    await api.close();
  });
  await expect.poll(() => view().status?.lastSuccessfulAt ?? null, { timeout: 10_000 }).not.toBeNull();
  expect(flows().length).toBeGreaterThanOrEqual(1);
  expect(view().status).toMatchObject({ activeCount: 0, active: [] });
});
