/** Bridge and functions of flows as two halves, over HTTP, on the embedded API server. */

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toNewLease } from '../../../bridge/replicas/leaseRecord.ts';
import { toFlowSchemaFiles } from '../../../lib/flow/events/flowSchemaFiles.ts';
import { packSnapshot } from '../../../lib/flow/events/packSnapshot.ts';
import { parseRecordObject } from '../../../lib/flow/objects/parseRecordObject.ts';
import { parseWatchedFlow } from '../../../lib/flow/objects/parseWatchedFlow.ts';
import { aManualStep, aStep } from '../../support/objects/aFlow.ts';
import { aFlowCluster, FLOW } from '../../support/programs/aFlowCluster.ts';
import { startFlowBridgeTo, startFlowFunctionsOn } from '../../support/programs/flowHalves.ts';
import { slowLease } from '../../support/programs/replica.ts';

const fanOut = [aStep('c', ['a', 'b']), aStep('b', 'a'), aStep('a'), aStep('d', 'c')];
const hint = (changes: object = {}) => ({
  ...{ specversion: '1.0', id: '1', source: '/by-hand', type: 'io.zen-flow.jobflow.resync' },
  subject: 'namespaces/default/jobflows/nightly',
  ...changes,
});

const post = (url: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json', ...headers },
    body: JSON.stringify(body),
  });

describe('the two halves of zen-flow', () => {
  it('run a flow on what the bridge has seen: events hold the state, and functions read only where that is old', async () => {
    const cluster = await aFlowCluster({ b: ['fail', 'ok'] });
    const functions = await startFlowFunctionsOn(cluster.server);
    const { sent } = startFlowBridgeTo(cluster.server, functions.url);
    const retryPolicy = { limit: 1, backoff: { duration: '20ms' } };
    cluster.apply({ steps: [aStep('d', 'c'), aStep('c', ['a', 'b']), aStep('b', 'a', { retryPolicy }), aStep('a')] });
    await cluster.untilPhase('Succeeded');
    expect(cluster.made).toEqual(['a/1', 'b/1', 'b/2', 'c/1', 'd/1']);
    const { type, subject, partitionkey, dataschema, data } = sent.find((event) => event.data.snapshot) ?? {};
    expect({ type, subject, partitionkey }).toEqual({
      type: 'io.zen-flow.jobflow.added',
      subject: 'namespaces/default/jobflows/nightly',
      partitionkey: 'default/nightly',
    });
    expect(dataschema).toMatch(/\/schemas\/flow\.v1\.json$/);
    expect(data?.change).toEqual({ kind: 'JobFlow', name: 'nightly', verb: 'added' });
    const why = await functions.count('hints_total');
    expect(Object.keys(why).filter((reason) => /untrusted|unreadable|noSnapshot|template/.test(reason))).toEqual([]);
    expect(await functions.count('step_retries_total')).toEqual({ 'flow="nightly",step="b"': 1 });
  });

  it('run a flow of a sender that is not trusted, and read all of it', async () => {
    const cluster = await aFlowCluster();
    const functions = await startFlowFunctionsOn(cluster.server, 'stranger');
    startFlowBridgeTo(cluster.server, functions.url);
    cluster.apply({ steps: fanOut });
    await cluster.untilPhase('Succeeded');
    expect(cluster.made).toEqual(['a/1', 'b/1', 'c/1', 'd/1']);
    expect((await functions.count('hints_total'))['reason="untrusted"']).toBeGreaterThan(4);
  });

  it.each([
    ['fits into an event when it is compressed', () => 'x'.repeat(4_000), true],
    ['is too large for an event', () => randomBytes(2_000).toString('hex'), false],
  ])('run a flow that %s', async (_, text, isCompressed) => {
    const cluster = await aFlowCluster();
    const functions = await startFlowFunctionsOn(cluster.server);
    const { sent } = startFlowBridgeTo(cluster.server, functions.url);
    const parameters = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`p${at}`, text()]));
    cluster.apply({ parameters, steps: fanOut });
    await cluster.untilPhase('Succeeded');
    expect(sent.filter(({ data }) => data.snapshot !== undefined)).toEqual([]);
    expect(sent.some(({ data }) => data.compressed !== undefined)).toBe(isCompressed);
    for (const event of sent) expect(JSON.stringify(event).length).toBeLessThanOrEqual(63 * 1024);
    const why = Object.keys(await functions.count('hints_total'));
    expect(why.filter((reason) => /unreadable|template/.test(reason))).toEqual([]);
    expect(why.includes('reason="noSnapshot"')).toBe(!isCompressed);
    expect(cluster.made).toEqual(['a/1', 'b/1', 'c/1', 'd/1']);
  });

  it('go on where they were when the functions come back on the same address', async () => {
    const cluster = await aFlowCluster();
    const functions = await startFlowFunctionsOn(cluster.server);
    startFlowBridgeTo(cluster.server, functions.url);
    cluster.apply({ steps: [aStep('a'), aManualStep('q', ['a']), aStep('b', 'q')] });
    await cluster.untilPhase('Paused');
    await functions.close();
    cluster.annotate({ 'approved.workflow.kube-zen.io/q': 'true' });
    await startFlowFunctionsOn(cluster.server, 'trusted', Number(new URL(functions.url).port));
    await cluster.untilPhase('Succeeded');
    expect(cluster.made).toEqual(['a/1', 'b/1']);
  });

  it('lead a flow on, step by step, while the bridge that holds the Lease is silent', async () => {
    const cluster = await aFlowCluster();
    const functions = await startFlowFunctionsOn(cluster.server);
    const lease = { namespace: 'default', name: 'zen-flow-bridge', tuning: slowLease };
    const gone = { ...lease, identity: 'gone', scope: '*', durationMs: slowLease.durationMs };
    cluster.objects.create(toNewLease(gone, Date.now()));
    const { sent } = startFlowBridgeTo(cluster.server, functions.url, { ...lease, identity: 'second' });
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    cluster.apply({ steps: names.map((name, index) => aStep(name, names.slice(index - 1, index))) });
    await expect.poll(() => cluster.record()?.endedAt ?? null, { timeout: 20_000 }).not.toBeNull();
    expect(cluster.made).toEqual(names.map((name) => `${name}/1`));
    expect(sent.filter(({ data }) => data.snapshot !== undefined)).toEqual([]);
    const [held] = cluster.objects.list('leases');
    expect(held).toMatchObject({ spec: { holderIdentity: 'gone' } });
  });

  it('ignore events about a Job whose label is no name of a flow', async () => {
    const cluster = await aFlowCluster();
    const functions = await startFlowFunctionsOn(cluster.server);
    const { sent } = startFlowBridgeTo(cluster.server, functions.url);
    const labels = { 'workflow.kube-zen.io/managed-by': 'zen-flow', 'workflow.kube-zen.io/flow': 'No_Name' };
    const spec = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'm', image: 'i:1' }] } } };
    const metadata = { name: 'foreign', labels };
    cluster.objects.create({ apiVersion: 'batch/v1', kind: 'Job', metadata, spec });
    cluster.apply({ steps: [aStep('a')] });
    await cluster.untilPhase('Succeeded');
    expect(sent.filter(({ subject }) => subject !== 'namespaces/default/jobflows/nightly')).toEqual([]);
  });
});

const replyData = z.object({
  type: z.string(),
  data: z.looseObject({ basis: z.string(), snapshot: z.unknown().optional() }),
});

describe('the functions of flows', () => {
  it('answer a stranger with what was decided, and a trusted sender with the state as well', async () => {
    const cluster = await aFlowCluster();
    const functions = await startFlowFunctionsOn(cluster.server, 'stranger');
    cluster.apply({ steps: [aManualStep('q')] });
    const stranger = replyData.parse(await (await post(functions.url, hint())).json());
    expect(stranger).toMatchObject({ type: 'io.zen-flow.flow.advanced', data: { basis: 'read' } });
    expect(stranger.data.snapshot).toBeUndefined();
    const trusted = replyData.parse(await (await post(functions.url, hint(), { authorization: 'Bearer x' })).json());
    expect(trusted).toMatchObject({ type: 'io.zen-flow.flow.kept', data: { basis: 'read' } });
    expect(trusted.data.snapshot).toMatchObject({ flow: { object: { metadata: { name: 'nightly' } } } });
  });

  it('answer a batch with a batch, in its order', async () => {
    const cluster = await aFlowCluster();
    const functions = await startFlowFunctionsOn(cluster.server);
    cluster.apply({ steps: [aManualStep('q')] });
    const body = [hint(), hint({ id: '2', subject: 'namespaces/default/jobflows/absent' })];
    const answer = await post(functions.url, body, { 'content-type': 'application/cloudevents-batch+json' });
    expect(answer.headers.get('content-type')).toContain('application/cloudevents-batch+json');
    expect(await answer.json()).toMatchObject([
      { type: 'io.zen-flow.flow.advanced', subject: 'namespaces/default/jobflows/nightly' },
      { type: 'io.zen-flow.flow.kept', subject: 'namespaces/default/jobflows/absent', data: { phase: null } },
    ]);
  });

  it('take Jobs and flows of a Knative ApiServerSource for hints, and find the flow of a Job', async () => {
    const cluster = await aFlowCluster({}, 3_600_000);
    const functions = await startFlowFunctionsOn(cluster.server);
    cluster.apply({ steps: [aStep('a')] });
    const type = 'dev.knative.apiserver.resource.update';
    const about = (resource: string, name: string, group = 'apis/batch/v1') =>
      post(functions.url, hint({ type, subject: `/${group}/namespaces/default/${resource}/${name}` }));
    const flow = await about('jobflows', 'nightly', 'apis/workflow.kube-zen.io/v1alpha1');
    expect(await flow.json()).toMatchObject({ type: 'io.zen-flow.flow.advanced', data: { basis: 'read' } });
    const [job] = cluster.objects.list('jobs');
    const answer = await about('jobs', job?.metadata.name ?? '');
    expect(await answer.json()).toMatchObject({ subject: 'namespaces/default/jobflows/nightly' });
    expect((await about('jobs', 'absent')).status).toBe(204);
    expect((await about('pods', 'some', 'api/v1')).status).toBe(204);
  });

  it.each([
    ['of zen-lead', { type: 'io.zen-lead.pod.added', subject: 'namespaces/a/services/b' }, 'type: '],
    ['without a flow', { subject: 'namespaces/default/services/nightly' }, 'subject: '],
  ])('refuse an event %s with 400, and say what is wrong', async (_name, changes, message) => {
    const cluster = await aFlowCluster();
    const functions = await startFlowFunctionsOn(cluster.server);
    const answer = await post(functions.url, hint(changes));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining(message) });
  });

  it('read the flow where the data of a trusted event cannot be read', async () => {
    const cluster = await aFlowCluster();
    const functions = await startFlowFunctionsOn(cluster.server);
    cluster.apply({ steps: [aManualStep('q')] });
    const answer = await post(functions.url, hint({ data: { change: 'of a newer bridge' } }));
    expect(await answer.json()).toMatchObject({ data: { basis: 'read' } });
    expect(await functions.count('hints_total')).toMatchObject({ 'reason="unreadable"': 1 });
  });

  it('read the flow where a template that the next step needs is not in the event', async () => {
    const cluster = await aFlowCluster({}, 3_600_000);
    const functions = await startFlowFunctionsOn(cluster.server);
    cluster.apply({ suspend: true, steps: [aStep('a')] });
    await post(functions.url, hint());
    // As a bridge sends it whose clock, or whose view of the suspension, differs.
    const flow = parseWatchedFlow(cluster.objects.read(FLOW));
    const found = parseRecordObject(cluster.objects.list('jobflowrecords')[0]);
    const revisions = { flows: '999999', jobs: '999999' };
    const snapshot = packSnapshot({ flow, record: found, jobs: [], basis: 'watch', revisions }, Date.now());
    const object = { ...snapshot.flow?.object, spec: { ...Object(snapshot.flow?.object['spec']), suspend: false } };
    cluster.objects.patch(FLOW, { spec: { suspend: false } });
    const data = {
      change: { kind: 'JobFlow', name: 'nightly', verb: 'modified' },
      deadline: Date.now() + 60_000,
      snapshot: { ...snapshot, flow: { ...snapshot.flow, object } },
    };
    const answer = await post(functions.url, hint({ type: 'io.zen-flow.jobflow.modified', data }));
    expect(await answer.json()).toMatchObject({ type: 'io.zen-flow.flow.advanced', data: { basis: 'read' } });
    expect(await functions.count('hints_total')).toMatchObject({ 'reason="template"': 1 });
    const [job] = cluster.objects.list('jobs');
    expect(JSON.stringify(job)).toContain('example.com/work:1');
  });

  it('serve the schemas of their events', async () => {
    const cluster = await aFlowCluster();
    const functions = await startFlowFunctionsOn(cluster.server);
    const { schemas } = z
      .object({ schemas: z.array(z.string()) })
      .parse(await (await fetch(`${functions.url}/schemas`)).json());
    expect(schemas).toEqual([...toFlowSchemaFiles().keys()].map((name) => `/schemas/${name}`));
    const answer = await fetch(`${functions.url}${schemas[0]}`);
    expect(await answer.json()).toMatchObject({ properties: { deadline: {}, snapshot: {} } });
  });
});
