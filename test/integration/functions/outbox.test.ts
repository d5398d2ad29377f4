/**
 * Tests the outbox of leader events with the process killed at every step. It dies before each
 * request that it makes, and after each that was carried out but whose answer it never read.
 * Each event comes at least once, with one id, never before the route (docs/reference/events.md).
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type EmbeddedApiServer, startApiServer } from '../../../apiserver/startApiServer.ts';
import { createAnnouncer } from '../../../functions/announce/announce.ts';
import { createEventsSink } from '../../../functions/announce/eventsSink.ts';
import { createReconcilerSink } from '../../../functions/inProcessSink.ts';
import { createReconciler } from '../../../functions/reconcile/reconciler.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { noTracing } from '../../../lib/telemetry/tracing.ts';
import { aReconcileEvent } from '../../support/objects/anEvent.ts';
import { addPod, addService, setReady } from '../../support/programs/bridgeBench.ts';

/** How a process dies at one of its requests. */
type Death = 'before the request arrives' | 'after it was carried out';

interface Killer {
  /** How many requests the living process has made; once it is dead, none arrives any more. */
  steps(): number;
  /** What becomes of this one. */
  step(): 'arrives' | 'is lost' | 'is answered to no caller';
  revive(): void;
}

function createKiller(diesAt: number, death: Death): Killer {
  let steps = 0;
  let isArmed = true;
  return {
    steps: () => steps,
    step() {
      if (!isArmed) return 'arrives';
      steps += 1;
      if (steps < diesAt) return 'arrives';
      return steps === diesAt && death === 'after it was carried out' ? 'is answered to no caller' : 'is lost';
    },
    revive() {
      isArmed = false;
    },
  };
}

const announced = z.object({ id: z.string(), type: z.string(), data: z.object({ epoch: z.number() }) });
const annotated = z.looseObject({
  metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).default({}) }),
});

interface Announced {
  readonly id: string;
  readonly what: string;
  /** The route stood as announced when it was said. */
  readonly isTrue: boolean;
}

interface Story {
  /** Writes and announcements that the process made before it died; all of them when it did not. */
  readonly steps: number;
  readonly received: readonly Announced[];
  /** Reasons of the Kubernetes Events, sorted. */
  readonly notices: readonly string[];
  /** The epoch that the leader Service says has been announced, and the one of the route. */
  readonly epochs: { readonly announced: number; readonly routed: number };
}

/**
 * A Service opts in, its leader is lost, and no pod is left; the process that sees to it dies at
 * its `diesAt`-th step.
 */
async function liveThrough(diesAt: number, death: Death): Promise<Story> {
  const server = await startApiServer();
  server.objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  addService(server, 'shop', 'db');
  for (const name of ['db-0', 'db-1']) addPod(server, 'shop', name, 'db');
  const killer = createKiller(diesAt, death);
  let fate: ReturnType<Killer['step']> = 'arrives';
  // Dying at a read is dying before the write that would have followed. The first rule draws the
  // fate, the second one reads it.
  const draw = ({ verb }: { readonly verb: string }) => {
    fate = verb === 'get' || verb === 'list' ? 'arrives' : killer.step();
    return fate === 'is lost';
  };
  server.faults.add({ fault: { kind: 'reset' }, matches: draw });
  server.faults.add({ fault: { kind: 'lostAnswer' }, matches: () => fate === 'is answered to no caller' });
  const broker = await startBroker(server, killer);

  for (const change of [
    () => {},
    () => setReady(server, 'shop', 'db-0', false),
    () => setReady(server, 'shop', 'db-1', false),
  ]) {
    change();
    await work(server, broker.url, 3);
    if (killer.steps() < diesAt) continue;
    // It is dead, and another one goes on.
    killer.revive();
    await work(server, broker.url, 3);
  }
  const notices = server.objects.list('events').map((event) => String(event['reason']));
  const epochs = {
    announced: readNumber(server, 'services', 'db-leader', 'announced-epoch'),
    routed: readNumber(server, 'endpointslices', 'db-leader-ipv4', 'epoch'),
  };
  await broker.close();
  await server.close();
  return { steps: killer.steps(), received: broker.received, notices: notices.toSorted(), epochs };
}

/**
 * A process of its own, which remembers nothing of the one before it. Each reconcile reads the
 * state, as after a hint.
 */
async function work(server: EmbeddedApiServer, eventsSink: string, reconciler: number): Promise<void> {
  const metrics = createMetrics();
  const access = { server: server.url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) };
  const api = createKubeApi(access, { metrics });
  const deps = { api, clusterName: 'test', metrics, log: silentLogger, tracing: noTracing, now: Date.now };
  // Steps are counted. A time-out on a busy machine would be one more.
  const timeoutSignal = () => new AbortController().signal;
  const announcer = createAnnouncer({ ...deps, eventsSink: createEventsSink(eventsSink), timeoutSignal });
  const sink = createReconcilerSink(createReconciler({ ...deps, announcer }));
  const event = aReconcileEvent({ subject: 'namespaces/shop/services/db' });
  const { change, deadline } = event.data;
  for (let reconcile = 0; reconcile < reconciler; reconcile += 1) {
    await sink({ ...event, data: { change, deadline } }, AbortSignal.timeout(60_000)).catch(() => {});
  }
  await api.close();
}

async function startBroker(server: EmbeddedApiServer, killer: Killer) {
  const received: Announced[] = [];
  const broker = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const fate = killer.step();
    if (fate !== 'is lost') {
      const { id, type, data } = announced.parse(JSON.parse(Buffer.concat(chunks).toString()));
      const slice = server.objects.read({ resource: 'endpointslices', namespace: 'shop', name: 'db-leader-ipv4' });
      const isRouted = JSON.stringify(slice?.['endpoints'] ?? []) !== '[]';
      const isTrue = readNumber(server, 'endpointslices', 'db-leader-ipv4', 'epoch') === data.epoch;
      const what = type.slice('io.zen-lead.leader.'.length);
      received.push({ id, what, isTrue: isTrue && isRouted === (what === 'elected') });
    }
    if (fate === 'arrives') response.writeHead(202).end();
    else response.destroy();
  });
  broker.listen(0, '127.0.0.1');
  await once(broker, 'listening');
  return {
    received,
    url: `http://127.0.0.1:${(broker.address() as AddressInfo).port}/`,
    async close() {
      broker.closeAllConnections();
      broker.close();
    },
  };
}

function readNumber({ objects }: EmbeddedApiServer, resource: string, name: string, annotation: string): number {
  const object = objects.read({ resource, namespace: 'shop', name });
  return Number(object && annotated.parse(object).metadata.annotations[`zen-lead.io/${annotation}`]);
}

const everyNotice = ['LeaderChanged', 'LeaderElected', 'LeaderServiceCreated', 'NoReadyPods'];
const allSteps = 15;

describe('a process that is killed', () => {
  it('a process that never dies makes so many writes and announcements, and announces each change once', async () => {
    const story = await liveThrough(Number.POSITIVE_INFINITY, 'before the request arrives');
    expect(story.steps).toBe(allSteps);
    expect(story.received.map(({ what }) => what)).toEqual(['elected', 'elected', 'lost']);
    expect(story.notices).toEqual(everyNotice);
  });

  it.each(
    Array.from({ length: allSteps }, (_, index) => index + 1).flatMap((step) => [
      [step, 'before the request arrives'] as const,
      [step, 'after it was carried out'] as const,
    ]),
  )('at step %i, %s: every change is announced at least once, with one id, after the route', async (step, death) => {
    const { received, notices, epochs } = await liveThrough(step, death);
    const ids = [...new Set(received.map(({ id }) => id))];
    expect(ids).toHaveLength(3);
    expect(ids.map((id) => received.find((each) => each.id === id)?.what)).toEqual(['elected', 'elected', 'lost']);
    expect(received.filter(({ isTrue }) => !isTrue)).toEqual([]);
    // Said again, it is the same event: nothing but a killed announcement is ever said twice.
    expect(received.length).toBeLessThanOrEqual(4);
    expect(notices).toEqual(everyNotice);
    expect(epochs.announced).toBe(epochs.routed);
  });
});
