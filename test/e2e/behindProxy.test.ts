/**
 * Tests two bridges and three functions behind a real reverse proxy, with real service-account
 * tokens, on a real API server. Then it tests two views of one cluster, one of them stale.
 * docs/guarantees.md (S9), docs/trust.md, docs/architecture.md#replicas.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { type Pod, startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { type WatchedRoutes, watchRoutes } from '../support/controlPlane/watchRoutes.ts';
import { aService } from '../support/objects/aService.ts';
import { type RunningCommand, startCommand } from '../support/programs/startCommand.ts';
import { findReverseProxy, missingProxyLine, startReverseProxy } from '../support/servers/startReverseProxy.ts';
import { type SlowProxy, startSlowProxy } from '../support/servers/startSlowProxy.ts';

const nginx = findReverseProxy(process.env);
if (nginx === null) console.log(missingProxyLine);

const SENDER = 'system:serviceaccount:zen:zen-lead-bridge';
const LEASE_MS = 10_000;
/** Scrapers share one rendering of /metrics for a second. */
const METRICS_AGE_MS = 1_100;
/** Longer than a failover takes, and than a round of the story. */
const BEHIND_MS = 700;
const ROUNDS = 12;

describe.skipIf(nginx === null)('two bridges and three functions behind a reverse proxy, with tokens', () => {
  const controlPlane = useControlPlane({ controllerManager: false });
  const functions: RunningCommand[] = [];
  const bridges: RunningCommand[] = [];
  const closers: (() => Promise<unknown>)[] = [];
  let sinkUrl: string;
  let tokenFile: string;
  let stories = 0;

  beforeAll(async () => {
    const zen = await createNamespace(controlPlane(), 'zen');
    for (const name of ['zen-lead-bridge', 'stranger'])
      await zen.request('POST', zen.core('serviceaccounts'), { metadata: { name } });
    tokenFile = join(controlPlane().directory, 'token');
    writeFileSync(tokenFile, await createToken('zen-lead-bridge', 'zen-lead'));
    const names = ['functions-a', 'functions-b', 'functions-c'];
    const started = names.map((name) => startCommand(controlPlane(), name, 'functions', '--trusted-sender', SENDER));
    functions.push(...(await Promise.all(started)));
    const urls = functions.map(({ url }) => url);
    const proxy = await startReverseProxy(nginx ?? '', controlPlane().directory, urls);
    sinkUrl = proxy.url;
    closers.push(() => proxy.process.stop('SIGKILL'));
  });
  afterEach(async () => {
    await Promise.all(bridges.splice(0).map((each) => each.process.stop('SIGKILL')));
  });
  afterAll(async () => {
    await Promise.all(functions.map((each) => each.process.stop('SIGKILL')));
    for (const close of closers.splice(0).reverse()) await close();
  });

  const createToken = async (account: string, audience: string): Promise<string> =>
    (await controlPlane().kubectl('-n', 'zen', 'create', 'token', account, '--audience', audience)).trim();

  const sum = async (metric: string, labels?: string): Promise<number> => {
    const values = await Promise.all(functions.map((each) => each.readMetric(metric, labels)));
    return values.reduce((total, value) => total + value, 0);
  };

  const isHolder = async (each: RunningCommand) => (await each.readMetric('zen_lead_lease_holder')) === 1;

  /**
   * Each story has Leases of its own: the last holder was killed, and its Lease is not free yet.
   */
  async function startBridge(name: string, lease: readonly string[], sink = sinkUrl, kubeconfig?: string) {
    const { directory, kubeconfig: own } = controlPlane();
    const at = { directory, kubeconfig: kubeconfig ?? own };
    const args = ['--sink', sink, '--token-file', tokenFile, '--lease-namespace', 'zen', ...lease];
    const bridge = await startCommand(at, `${name}-${stories}`, 'bridge', ...args);
    bridges.push(bridge);
    return bridge;
  }

  async function startLed(): Promise<{ namespace: Namespace; pods: readonly [Pod, Pod] }> {
    const namespace = await createNamespace(controlPlane(), `proxied-${stories}`);
    const pods = [await startPod(namespace, { name: 'web-0' }), await startPod(namespace, { name: 'web-1' })] as const;
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await expect.poll(() => isAnnounced(namespace)).toBe(true);
    return { namespace, pods };
  }

  async function startPair(): Promise<{ holder: RunningCommand; second: RunningCommand }> {
    stories += 1;
    const lease = ['--lease-name', `story-${stories}`];
    const holder = await startBridge('bridge-a', lease);
    await vi.waitFor(async () => expect(await isHolder(holder), 'waited for the bridge to hold the Lease').toBe(true), {
      timeout: 10_000,
    });
    return { holder, second: await startBridge('bridge-b', lease) };
  }

  test('two bridges fail over on snapshots, through all three functions, and hardly read anything', async () => {
    await startPair();
    const { namespace, pods } = await startLed();
    const hintsBefore = await sum('zen_lead_hints_total');
    for (let round = 0; round < ROUNDS; round += 1) {
      await moveLead(namespace, pods, round);
      // The announcement is the write that brings the watch of Services past what a reconcile that
      // reads has recorded.
      await expect.poll(() => isAnnounced(namespace), { interval: 10 }).toBe(true);
    }
    await expect.poll(() => sum('zen_lead_failover_count_total', `namespace="${namespace.name}"`)).toBe(ROUNDS);
    // On a busy machine the second bridge loses its patience now and then.
    expect((await sum('zen_lead_hints_total')) - hintsBefore).toBeLessThan(ROUNDS / 2);
    for (const each of functions) expect(await each.readMetric('zen_lead_reconciliations_total')).toBeGreaterThan(0);
  });

  test.each([
    ['without a token', 401, async () => null],
    ['with a token for another audience', 401, () => createToken('zen-lead-bridge', 'elsewhere')],
    ['with the token of another account', 403, () => createToken('stranger', 'zen-lead')],
  ])('the functions refuse a sender %s with %i, through the proxy as directly', async (_name, status, makeToken) => {
    const token = await makeToken();
    const headers = {
      'content-type': 'application/cloudevents+json',
      ...(token && { authorization: `Bearer ${token}` }),
    };
    expect((await fetch(sinkUrl, { method: 'POST', headers, body: '{}' })).status).toBe(status);
  });

  test('after kill -9 of the bridge that sends first, the other one moves the route with a hint, and does not wait for the Lease', async () => {
    const { holder, second } = await startPair();
    const { namespace, pods } = await startLed();
    // Requests of the holder outlive it, and a reconcile that reads would find the loss.
    await vi.waitFor(() => staysSo(() => sum('zen_lead_reconciliations_total'), 500), { timeout: 10_000 });
    const hintsBefore = await second.readMetric('zen_lead_hedged_hints_total');
    await holder.process.stop('SIGKILL');
    const killedAt = Date.now();
    await pods[0].setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    expect(Date.now() - killedAt).toBeLessThan(LEASE_MS);
    await expect.poll(() => second.readMetric('zen_lead_hedged_hints_total')).toBe(hintsBefore + 1);
    expect(await isHolder(second)).toBe(false);
    await expect.poll(() => isAnnounced(namespace)).toBe(true);
  });

  test('the route moves once, and not back, while the bridge that sends first is stopped (SIGSTOP) and woken (SIGCONT)', async () => {
    const { holder, second } = await startPair();
    const { namespace, pods } = await startLed();
    holder.process.signal('SIGSTOP');
    await pods[0].setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    await pods[0].setReady(true);
    await expect.poll(() => isAnnounced(namespace)).toBe(true);
    await expect.poll(() => isHolder(second)).toBe(true);
    const before = await readVersions(namespace);
    holder.process.signal('SIGCONT');
    expect(await staysSo(() => readVersions(namespace), 3_000)).toBe(before);
  });

  test('after kill -9 of one of the functions, events go through the others', async () => {
    await startPair();
    const { namespace, pods } = await startLed();
    await functions.pop()?.process.stop('SIGKILL');
    for (let round = 0; round < 4; round += 1) await moveLead(namespace, pods, round);
  });

  describe('and one of the bridges sees the world, or its pods, as it was 0.7 s ago', () => {
    const proxies: SlowProxy[] = [];
    let seen: WatchedRoutes | undefined;
    const lease = ['--lease-name', 'held-back'];
    const noLease = ['--no-lease'];
    const everything = () => true;
    // Its slices are current: only the revision that was recorded with the last decision tells it
    // from an honest change (S9).
    const onlyPods = (path: string) => /\/pods\b/.test(path);

    afterEach(async () => {
      await seen?.close();
      seen = undefined;
      await Promise.all(proxies.splice(0).map((each) => each.close()));
    });

    /** Starts a bridge whose requests to the API server are delayed. */
    async function startHeldBack(flags: readonly string[], isLate: (path: string) => boolean) {
      const { kubeconfig, directory, url } = controlPlane();
      const proxy = await startSlowProxy(controlPlane(), BEHIND_MS, isLate);
      proxies.push(proxy);
      const file = join(directory, `kubeconfig-held-back-${stories}`);
      writeFileSync(file, readFileSync(kubeconfig, 'utf8').replace(url, proxy.url), { mode: 0o600 });
      return startBridge('held-back', flags, sinkUrl, file);
    }

    test.each([
      ['while both send, and all that it sees is late', 'fresh', noLease, everything],
      ['while both send, and its pods are late', 'fresh', noLease, onlyPods],
      ['while it sends first, and its pods are late', 'late', lease, onlyPods],
    ] as const)(
      '%s: the route moves once for each loss of a leader, and never back',
      async (_name, first, flags, isLate) => {
        stories += 1;
        const startFresh = () => startBridge('fresh', flags);
        const startLate = () => startHeldBack(flags, isLate);
        const leading = await (first === 'late' ? startLate() : startFresh());
        await vi.waitFor(
          async () => expect(await isHolder(leading), 'waited for the bridge to hold the Lease').toBe(true),
          { timeout: 15_000 },
        );
        await (first === 'late' ? startFresh() : startLate());
        const { namespace, pods } = await startLed();
        seen = await watchRoutes(controlPlane(), namespace, 'web-leader');
        const epochBefore = await readEpoch(namespace);
        const moves: string[] = [];
        for (let round = 0; round < ROUNDS; round += 1) {
          await moveLead(namespace, pods, round);
          moves.push(round % 2 === 0 ? pods[1].ipv4 : pods[0].ipv4);
        }
        // The late bridge sends what it still has within its delay and a hint.
        await sleep(3 * BEHIND_MS);
        const routed = seen.seen().map((line) => line.split(' ')[0] ?? '');
        expect(withoutRepeats(routed)).toEqual([pods[0].ipv4, ...moves]);
        expect((await readEpoch(namespace)) - epochBefore).toBe(ROUNDS);
      },
    );
  });

  test('an honest snapshot that is old moves nothing, whether it is old as a whole or only its pods are', async () => {
    stories += 1;
    const recorder = await startRecorder(sinkUrl);
    closers.push(recorder.close);
    const bridge = await startBridge('bridge', ['--lease-name', `story-${stories}`], recorder.url);
    await vi.waitFor(async () => expect(await isHolder(bridge), 'waited for the bridge to hold the Lease').toBe(true), {
      timeout: 10_000,
    });
    const { namespace, pods } = await startLed();
    const readEvents = () => {
      const events = recorder.bodies.flatMap((body) => recordedEvent.safeParse(JSON.parse(body)).data ?? []);
      return events.filter(({ subject }) => subject === `namespaces/${namespace.name}/services/web`);
    };
    // web-0 is routed to and has just been lost. Not every loss has such an event: a reconcile that
    // is a hint carries no snapshot.
    const isLossOfFirst = ({ data: { snapshot } }: ReturnType<typeof readEvents>[number]) =>
      snapshot.candidates.some(({ name, ready }) => name === 'web-0' && !ready) &&
      snapshot.slices.some(({ annotations }) => annotations['zen-lead.io/leader-pod-name'] === 'web-0');
    for (let pair = 0; pair < 5 && !readEvents().some(isLossOfFirst); pair += 1) {
      for (const round of [0, 1]) {
        await moveLead(namespace, pods, round);
        await expect.poll(() => isAnnounced(namespace)).toBe(true);
      }
    }
    const before = await readVersions(namespace);
    const lossOfFirst = readEvents().find(isLossOfFirst);
    const latest = readEvents().at(-1);
    if (lossOfFirst === undefined || latest === undefined) throw new Error('the failover was not recorded');

    // As a network would deliver it late, with a deadline that is still to come.
    const send = async ({ data, ...event }: typeof latest) => {
      const headers = {
        'content-type': 'application/cloudevents+json',
        authorization: `Bearer ${readFileSync(tokenFile, 'utf8')}`,
      };
      const body = JSON.stringify({ ...event, data: { ...data, deadline: Date.now() + 3_000 } });
      const answer = await fetch(sinkUrl, { method: 'POST', headers, body });
      expect(answer.status).toBe(200);
      return answer.json();
    };

    // 1. Old as a whole: it names versions that are gone, and the API server refuses the write.
    const readConflicts = () => sum('zen_lead_retry_attempts_total', `namespace="${namespace.name}"`);
    await sleep(METRICS_AGE_MS);
    const conflictsBefore = await readConflicts();
    expect(await send(lossOfFirst)).toMatchObject({ type: 'io.zen-lead.leader.kept', data: { basis: 'read' } });
    await expect.poll(readConflicts).toBe(conflictsBefore + 1);

    // 2. One watch behind the others: the current slice with old pods. Only the recorded revision
    //    tells (S9).
    const oldPods = {
      candidates: lossOfFirst.data.snapshot.candidates,
      revisions: { ...latest.data.snapshot.revisions, pods: lossOfFirst.data.snapshot.revisions.pods },
    };
    const snapshot = { ...latest.data.snapshot, ...oldPods };
    const readOldHints = () => sum('zen_lead_hints_total', 'reason="old"');
    await sleep(METRICS_AGE_MS);
    const hintsBefore = await readOldHints();
    const mixed = { ...latest, data: { ...latest.data, snapshot } };
    expect(await send(mixed)).toMatchObject({ type: 'io.zen-lead.leader.kept', data: { basis: 'read' } });
    await expect.poll(readOldHints).toBe(hintsBefore + 1);

    expect(await readVersions(namespace)).toBe(before);
  });
});

/** The fields of an event that this file changes; the rest passes through. */
const recordedEvent = z.looseObject({
  subject: z.string(),
  data: z.looseObject({
    snapshot: z.looseObject({
      candidates: z.array(z.looseObject({ name: z.string(), ready: z.boolean() })),
      slices: z.array(z.looseObject({ annotations: z.record(z.string(), z.string()) })),
      revisions: z.looseObject({ pods: z.string() }),
    }),
  }),
});

/**
 * The leader is lost, the other pod takes over, and the lost one is well again: it does not take
 * the lead back.
 */
async function moveLead(namespace: Namespace, pods: readonly [Pod, Pod], round: number): Promise<void> {
  const [leader, other] = round % 2 === 0 ? pods : [pods[1], pods[0]];
  await leader.setReady(false);
  await expect.poll(() => readLeader(namespace), { interval: 10 }).toBe(other.name);
  await leader.setReady(true);
}

async function readEpoch(namespace: Namespace): Promise<number> {
  const [slice] = await listSlices(namespace, 'web-leader');
  return Number(slice?.metadata.annotations['zen-lead.io/epoch']);
}

async function isAnnounced(namespace: Namespace): Promise<boolean> {
  const service = await readService(namespace, 'web-leader');
  return Number(service?.metadata.annotations['zen-lead.io/announced-epoch']) === (await readEpoch(namespace));
}

async function readVersions(namespace: Namespace): Promise<string> {
  const slices = await listSlices(namespace, 'web-leader');
  const service = await readService(namespace, 'web-leader');
  return [service, ...slices].map((each) => each?.metadata.resourceVersion).join(' ');
}

/** Drops repeats, because a change of conditions or of the record is not a move. */
function withoutRepeats(routed: readonly string[]): readonly string[] {
  return routed.filter((each, index) => each !== routed[index - 1]);
}

interface Recorder {
  readonly url: string;
  /** Bodies of every event, in order. */
  readonly bodies: readonly string[];
  close(): Promise<void>;
}

/** Forwards every request and keeps its body. */
async function startRecorder(targetUrl: string): Promise<Recorder> {
  const bodies: string[] = [];
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    bodies.push(body);
    const { 'content-type': type = '', authorization = '' } = request.headers;
    const answer = await fetch(targetUrl, { method: 'POST', headers: { 'content-type': type, authorization }, body });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    bodies,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
