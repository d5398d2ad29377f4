/**
 * What EVENTS_SINK is told of flows on a real API server: by a sink that fails and comes back, and
 * by a zen-flow that is killed between the write of the record and the announcement.
 */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { HTTP } from 'cloudevents';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { announcementDataZod } from '../../lib/flow/events/announcementSchema.ts';
import type { FlowAnnouncement } from '../../lib/flow/events/toFlowAnnouncement.ts';
import { parseRecordObject } from '../../lib/flow/objects/parseRecordObject.ts';
import { aFlowStory, applyFlowKinds, type FlowStory, writeFlowKubeconfig } from '../support/controlPlane/aFlowStory.ts';
import { type StandInKubelet, startStandInKubelet } from '../support/controlPlane/standInKubelet.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aManualStep, aStep } from '../support/objects/aFlow.ts';
import { type RunningProcess, startProcess } from '../support/programs/startProcess.ts';

const root = resolve(import.meta.dirname, '../..');
const controlPlane = useControlPlane({ jobs: true });
const taken: FlowAnnouncement[] = [];
/** What the sink does with what comes. */
let sinkDoes: 'takes' | 'refuses' | 'hangs' = 'takes';
let asked = 0;
let sink: Server;
let kubelet: StandInKubelet;
let zenFlow: RunningProcess;
let kubeconfig: string;
let starts = 0;

function start(): RunningProcess {
  starts += 1;
  const { port } = sink.address() as AddressInfo;
  const own = ['--kubeconfig', kubeconfig, '--port', '0', '--no-lease', '--events-sink', `http://127.0.0.1:${port}`];
  return startProcess({
    name: `zen-flow-${starts}`,
    command: process.execPath,
    args: [join(root, 'cli/zen-flow.ts'), 'run', ...own],
    directory: controlPlane().directory,
    workingDirectory: root,
  });
}

beforeAll(async () => {
  sink = createServer(async (request, response) => {
    asked += 1;
    if (sinkDoes === 'hangs') return;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (sinkDoes === 'refuses') return void response.writeHead(503).end();
    const message = { headers: { ...request.headers }, body: Buffer.concat(chunks).toString() };
    taken.push(HTTP.toEvent(message) as FlowAnnouncement);
    response.writeHead(202).end();
  });
  await new Promise<void>((listening) => sink.listen(0, '127.0.0.1', listening));
  await applyFlowKinds(controlPlane(), 'rights');
  kubeconfig = await writeFlowKubeconfig(controlPlane(), 'zen-flow');
  kubelet = startStandInKubelet(controlPlane(), { flaky: ['fail:3', 'ok'] }, 100);
  zenFlow = start();
});
afterAll(async () => {
  await zenFlow?.stop('SIGKILL');
  await kubelet?.close();
  sink?.closeAllConnections();
  sink?.close();
});

const toldOf = (story: FlowStory) => taken.filter(({ data }) => data.flow.namespace === story.name);
/** Type and id of each, without the uid, in the order in which they came first. */
const distinct = (story: FlowStory) => [
  ...new Set(toldOf(story).map(({ type, id }) => `${type.slice(12)} ${id.replace(/^[^/]*\//, '')}`)),
];

async function isRecordSilent(story: FlowStory): Promise<boolean> {
  const path = `/apis/workflow.kube-zen.io/v1alpha1/namespaces/${story.name}/jobflowrecords`;
  const { items } = (await story.request('GET', path)) as { readonly items: readonly object[] };
  const records = items.map((item) => parseRecordObject(item).record);
  return records.every((record) => record !== null && record !== 'unreadable' && record.outbox?.entries.length === 0);
}

const steps = [
  aStep('flaky', [], { retryPolicy: { limit: 1, backoff: { duration: '100ms' } } }),
  aStep('no', [], { when: 'false' }),
  aStep('last', ['flaky', 'no']),
];
const whole = [
  'flow.started /1/started',
  'step.skipped no/1/skipped',
  'step.started flaky/1/started',
  'step.failed flaky/1/failed',
  'step.started flaky/2/started',
  'step.succeeded flaky/2/succeeded',
  'step.started last/1/started',
  'step.succeeded last/1/succeeded',
];

describe('on a real API server, EVENTS_SINK', () => {
  test('is told each change of a flow and its steps, by the schema that is published', async () => {
    const story = await aFlowStory(controlPlane(), 'told');
    await story.apply({ steps: [...steps, aManualStep('ask', ['last'])] });
    await expect.poll(() => distinct(story), { timeout: 60_000 }).toContain('step.waiting ask/1/waiting');
    await story.patch({ metadata: { annotations: { 'approved.workflow.kube-zen.io/ask': 'true' } } });
    await expect.poll(() => distinct(story).at(-1), { timeout: 60_000 }).toMatch(/^flow\.succeeded \/\d+\/succeeded$/);
    const seen = distinct(story);
    expect(seen.slice(0, -1).sort()).toEqual(
      [...whole, 'step.waiting ask/1/waiting', 'step.succeeded ask/1/succeeded'].sort(),
    );
    const events = toldOf(story);
    for (const { data } of events) expect(announcementDataZod.safeParse(data).error).toBeUndefined();
    const failed = events.find(({ type }) => type === 'io.zen-flow.step.failed');
    expect(failed).toMatchObject({
      source: '/clusters/kubernetes',
      subject: `namespaces/${story.name}/jobflows/nightly`,
      partitionkey: `${story.name}/nightly`,
      data: { step: 'flaky', attempt: 1, reason: 'JobFailed', job: expect.stringMatching(/^nightly-flaky-1-/) },
    });
    await expect.poll(() => isRecordSilent(story), { timeout: 20_000 }).toBe(true);
  });

  test('is told everything once it is back, and the flow did not wait for it', async () => {
    sinkDoes = 'refuses';
    const story = await aFlowStory(controlPlane(), 'refused');
    await story.apply({ steps });
    await story.untilPhase('Succeeded');
    expect(toldOf(story)).toEqual([]);
    expect(await isRecordSilent(story)).toBe(false);
    sinkDoes = 'takes';
    await expect.poll(() => distinct(story), { timeout: 90_000 }).toEqual(expect.arrayContaining(whole));
    await expect.poll(() => isRecordSilent(story), { timeout: 20_000 }).toBe(true);
  });

  test('is told by the next zen-flow what one that was killed had only written down', async () => {
    sinkDoes = 'hangs';
    const story = await aFlowStory(controlPlane(), 'killed');
    const before = asked;
    await story.apply({ steps });
    // It has written the record, and waits for the answer to the first announcement.
    await expect.poll(() => asked, { timeout: 60_000 }).toBeGreaterThan(before);
    await zenFlow.stop('SIGKILL');
    expect(toldOf(story)).toEqual([]);
    sinkDoes = 'takes';
    zenFlow = start();
    await story.untilPhase('Succeeded');
    // The end of the flow is told last, by itself.
    await expect.poll(() => distinct(story).at(-1), { timeout: 90_000 }).toMatch(/^flow\.succeeded /);
    expect(distinct(story).slice(0, -1).sort()).toEqual([...whole].sort());
  });
});
