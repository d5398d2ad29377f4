/**
 * Tests the components of deploy/knative that need Knative Eventing, on a real one. Each is applied
 * as a user would, and a real failover goes through it.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { attachCluster } from './attachCluster.ts';
import { note } from './figures.ts';
import { installEventing, removeEventing } from './installEventing.ts';
import { type LeaderEvent, type Receiver, readReceived } from './leaderEvents.ts';
import { loseLeader, startWorkload, type Workload } from './startWorkload.ts';
import { darkTimeMs, startTraffic } from './traffic.ts';
import { applyOverlay, waitUntilReady, waitUntilRouted } from './zenLead.ts';

const { directory, pid, programs } = inject('cluster');
const cluster = attachCluster(directory, pid);
const kubectl = (...args: string[]) => cluster.kubectl('-n', 'zen-lead', ...args);
const waitForReady = (kind: string, name: string) =>
  kubectl('wait', '--for=condition=Ready', `${kind}/${name}`, '--timeout=120s');

/**
 * Six attempts of at most 5 s, and 31 s between them (components/events/trigger.yaml); the rest is
 * for a busy machine.
 */
const deliveryTimeoutMs = 90_000;
/** Label of the one pod that the source runs. */
const adapter = 'eventing.knative.dev/sourceName=zen-lead';

let workload: Workload;
beforeAll(async () => {
  await installEventing(cluster, programs);
  workload = await startWorkload(cluster, 'eventing');
});
afterAll(async () => {
  await workload.remove();
  await removeEventing(cluster, programs);
  await applyOverlay(cluster, 'first');
  await waitUntilReady(cluster);
});

/** Waits for more than the request to end: until a pod is gone it still takes what it is sent. */
async function waitUntilGone(selector: string): Promise<void> {
  const list = () => kubectl('get', 'pods', '-l', selector, '-o', 'name');
  const message = `waited for the pods of ${selector} to be gone`;
  await expect.poll(list, { timeout: 60_000, interval: 250, message }).toBe('');
}

/** Returns the new leader, and notes how long the client was without an answer. */
async function failOver(workload: Workload, what: string): Promise<string> {
  const leader = (await workload.readLeader()) ?? '';
  const traffic = await startTraffic(cluster, workload);
  await loseLeader(cluster, workload, leader);
  const next = await workload.waitForOther(leader);
  await traffic.waitForAnswer(next);
  const dark = darkTimeMs(await traffic.stop());
  note(`${what}: dark time`, dark);
  // As in failover.test.ts, this is what the rest of Kubernetes needs at most.
  expect(dark).toBeLessThan(10_000);
  await cluster.kubectl('-n', workload.namespace, 'rollout', 'status', 'deploy/web', '--timeout=60s');
  return next;
}

describe('the component events', () => {
  beforeAll(async () => {
    await applyOverlay(cluster, 'events');
    for (const name of ['on-leader-change', 'leader-events-dead-letters'])
      await kubectl('rollout', 'status', `deploy/${name}`, '--timeout=60s');
    await waitForReady('broker', 'zen-lead');
    await waitForReady('trigger', 'on-leader-change');
    await waitUntilReady(cluster);
  });
  afterAll(() => kubectl('delete', 'triggers,brokers', '--all'));

  test('a subscriber of the Broker gets the new leader', async () => {
    const next = await failOver(workload, 'leader lost, announced to a Broker');
    const event = await waitForEvent('on-leader-change', next);
    note('decision -> subscriber', event.receivedAt - Date.parse(event.time));
    expect(event).toMatchObject({ type: 'io.zen-lead.leader.elected', source: '/clusters/kubernetes' });
  });

  test('the dead letter sink gets what no subscriber takes', async () => {
    await kubectl('scale', 'deploy/on-leader-change', '--replicas=0');
    await waitUntilGone('app=on-leader-change');
    const next = await failOver(workload, 'leader lost, its subscriber dead');
    const event = await waitForEvent('leader-events-dead-letters', next);
    note('decision -> dead letter sink', event.receivedAt - Date.parse(event.time));
    expect(event.type).toBe('io.zen-lead.leader.elected');
  });

  async function waitForEvent(receiver: Receiver, leader: string): Promise<LeaderEvent> {
    const deadlineAt = Date.now() + deliveryTimeoutMs;
    while (Date.now() < deadlineAt) {
      const received = await readReceived(cluster, receiver, workload.namespace);
      const event = received.find(({ data }) => data.leader?.name === leader);
      if (event !== undefined) return event;
      await sleep(250);
    }
    throw new Error(`${receiver} received nothing about ${leader}`);
  }
});

describe('the component sink-binding', () => {
  beforeAll(async () => {
    await applyOverlay(cluster, 'sink-binding');
    await waitForReady('sinkbinding', 'zen-lead-bridge');
    await waitUntilReady(cluster);
  });
  afterAll(() => kubectl('delete', 'sinkbindings', '--all'));

  test('the SinkBinding gives the bridge the address of the functions', async () => {
    const path = 'jsonpath={.spec.template.spec.containers[0].env}';
    const env = JSON.parse(await kubectl('get', 'deploy', 'zen-lead-bridge', '-o', path));
    expect(env).toContainEqual({
      name: 'K_SINK',
      value: 'http://zen-lead-functions.zen-lead.svc.cluster.local',
    });
    await failOver(workload, 'leader lost, the sink named by a SinkBinding');
  });
});

describe('the component api-server-source', () => {
  beforeAll(async () => {
    // In the order of docs/how-to/install.md: the bridge goes last, so that every change is heard
    // meanwhile.
    await applyOverlay(cluster, 'api-server-source');
    await waitForReady('apiserversource', 'zen-lead');
    await waitUntilRouted(cluster);
    await kubectl('delete', 'deploy,pdb,networkpolicy', 'zen-lead-bridge');
  });
  afterAll(() => kubectl('delete', 'apiserversources', '--all'));

  test.each(['Reference', 'Resource'])(
    'the ApiServerSource reports a new Service and a lost leader, in mode %s',
    async (mode) => {
      await setMode(mode);
      const heard = await startWorkload(cluster, `eventing-${mode.toLowerCase()}`);
      await failOver(heard, `leader lost, ApiServerSource in mode ${mode}`);
      await heard.remove();
    },
  );

  test('the ApiServerSource misses what happened while it was away, until something of that Service changes', async () => {
    const leader = (await workload.readLeader()) ?? '';
    await scaleAdapter(0);
    await loseLeader(cluster, workload, leader);
    await cluster.kubectl('-n', workload.namespace, 'rollout', 'status', 'deploy/web', '--timeout=60s');
    await scaleAdapter(1);
    // An event takes milliseconds; this one never comes.
    await sleep(5_000);
    expect(await workload.readLeader()).toBe(leader);

    await cluster.kubectl('-n', workload.namespace, 'annotate', 'service', 'web', 'touched=now');
    expect(await workload.waitForOther(leader)).not.toBe(leader);
  });

  /** Returns once its adapter, and no other, runs with the mode. */
  async function setMode(mode: string): Promise<void> {
    await kubectl('patch', 'apiserversource', 'zen-lead', '--type=merge', '-p', JSON.stringify({ spec: { mode } }));
    const path = 'jsonpath={range .items[*]}{.status.containerStatuses[0].ready}{.spec.containers[0].env}{"\\n"}{end}';
    const read = () => kubectl('get', 'pods', '-l', adapter, '-o', path);
    const isSet = (pods: string) => /^true.*\n$/.test(pods) && pods.includes(`\\"mode\\":\\"${mode}\\"`);
    await expect.poll(async () => isSet(await read()), { timeout: 90_000, interval: 250 }).toBe(true);
  }

  async function scaleAdapter(replicas: number): Promise<void> {
    await kubectl('scale', 'deploy', '-l', adapter, `--replicas=${replicas}`);
    if (replicas === 0) await waitUntilGone(adapter);
    else await kubectl('rollout', 'status', 'deploy', '-l', adapter, '--timeout=60s');
  }
});
