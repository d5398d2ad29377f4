/**
 * `node bench/measureScrapes.ts [FAILOVERS] [SERVICES]` measures what scrapes cost a failover:
 * `/metrics` and the status of 5,000 Services are read each second, beside the same without any
 * reader. Both in one run, in turns. docs/performance.md#metrics
 *
 * zen-lead is a process of its own, on the embedded API server. A failover takes from the write of
 * a pod's status to the change of its slice. The aim is a p99 of at most 1.5 times that without
 * readers.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { type EmbeddedApiServer, startApiServer } from '../apiserver/startApiServer.ts';
import { aPodManifest, aPodStatus } from '../test/support/objects/aPodManifest.ts';
import { startZenLead } from '../test/support/programs/spawnZenLead.ts';
import { describeSetting } from './describeSetting.ts';
import { summarize } from './summarize.ts';

const NAMESPACE = 'bench';
const DEFAULT_SERVICES = 5_000;
const PODS = 2;
const SCRAPE_MS = 1_000;
const PAUSE_MS = 20;
/** Turns of both, so that what else the machine does meets both. */
const ROUNDS = 5;
const DEFAULT_FAILOVERS = 200;
/** All Services have been opted in at once. */
const ELECTED_WITHIN_MS = 600_000;
const GIVEN_UP_MS = 10_000;

await measure(Number(process.argv[2] ?? DEFAULT_FAILOVERS), Number(process.argv[3] ?? DEFAULT_SERVICES));

async function measure(failovers: number, services: number): Promise<void> {
  const { kubernetes: _, etcd: __, ...setting } = describeSetting();
  const directory = mkdtempSync(join(tmpdir(), 'zen-lead-scrapes-'));
  const server = await startApiServer();
  const kubeconfig = join(directory, 'kubeconfig');
  await server.writeKubeconfig(kubeconfig);
  createServices(server, services);
  const zenLead = await startZenLead({ kubeconfig, directory }, 'zen-lead', '--namespace', NAMESPACE);
  try {
    await waitForLeaders(server, services);
    const samples = { alone: [] as number[], scraped: [] as number[] };
    let scrapes = 0;
    for (let round = 0; round < ROUNDS; round += 1)
      for (const how of ['alone', 'scraped'] as const) {
        const stop = how === 'scraped' ? scrape(zenLead.url, () => scrapes++) : () => undefined;
        for (let n = 0; n < failovers / ROUNDS; n += 1) {
          samples[how].push(await failOver(server, (round * 1_009 + n * 13) % services));
          await sleep(PAUSE_MS);
        }
        await stop();
      }
    const [alone, scraped] = [summarize(samples.alone), summarize(samples.scraped)];
    const ratio = (a: number, b: number): string => `${(a / b).toFixed(2)} x`;
    console.log(
      [
        JSON.stringify(setting),
        `${services} Services, ${scrapes} scrapes, one of each page every ${SCRAPE_MS} ms`,
        `alone:   p50 ${alone.p50Ms} ms, p99 ${alone.p99Ms} ms, ${alone.samples} failovers`,
        `scraped: p50 ${scraped.p50Ms} ms (${ratio(scraped.p50Ms, alone.p50Ms)}), p99 ${scraped.p99Ms} ms (${ratio(scraped.p99Ms, alone.p99Ms)})`,
      ].join('\n'),
    );
  } finally {
    await zenLead.process.stop('SIGKILL');
    await server.close();
    rmSync(directory, { recursive: true });
  }
}

function createServices({ objects }: EmbeddedApiServer, services: number): void {
  objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  for (let n = 0; n < services; n += 1) {
    const name = `db-${n}`;
    objects.create({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: NAMESPACE, annotations: { 'zen-lead.io/enabled': 'true' } },
      spec: { selector: { app: name }, ports: [{ port: 5_432 }] },
    });
    for (let pod = 0; pod < PODS; pod += 1) {
      objects.create(aPodManifest({ name: `${name}-${pod}`, namespace: NAMESPACE, labels: { app: name } }));
      setReady({ objects }, n, pod, true);
    }
  }
}

function setReady({ objects }: Pick<EmbeddedApiServer, 'objects'>, service: number, pod: number, ready: boolean): void {
  const ip = `10.${pod}.${Math.floor(service / 250)}.${(service % 250) + 1}`;
  const name = `db-${service}-${pod}`;
  objects.patchStatus({ resource: 'pods', namespace: NAMESPACE, name }, { status: aPodStatus({ ready, ips: [ip] }) });
}

async function waitForLeaders(server: EmbeddedApiServer, services: number): Promise<void> {
  const givenUpAt = Date.now() + ELECTED_WITHIN_MS;
  const led = (): number =>
    server.objects.list('endpointslices', NAMESPACE).filter((slice) => podOf(slice) !== null).length;
  while (led() < services) {
    if (Date.now() > givenUpAt) throw new Error(`${led()} of ${services} Services have a leader`);
    await sleep(1_000);
  }
}

function podOf(slice: object): string | null {
  const { endpoints } = slice as { readonly endpoints?: readonly { readonly targetRef?: { readonly name: string } }[] };
  return endpoints?.[0]?.targetRef?.name ?? null;
}

/**
 * Resolves with the milliseconds until the route has moved. The pod that was left is Ready again.
 */
async function failOver(server: EmbeddedApiServer, service: number): Promise<number> {
  const slice = { resource: 'endpointslices', namespace: NAMESPACE, name: `db-${service}-leader-ipv4` };
  const leader = podOf(server.objects.read(slice) ?? {});
  const pod = Number(leader?.slice(-1));
  const moved = Promise.withResolvers<void>();
  const unsubscribe = server.objects.subscribe('endpointslices', () => {
    if (podOf(server.objects.read(slice) ?? {}) !== leader) moved.resolve();
  });
  const startedAt = performance.now();
  setReady(server, service, pod, false);
  const inTime = await Promise.race([moved.promise.then(() => true), sleep(GIVEN_UP_MS, false)]);
  const tookMs = performance.now() - startedAt;
  unsubscribe();
  if (!inTime) throw new Error(`db-${service} did not fail over within ${GIVEN_UP_MS} ms`);
  setReady(server, service, pod, true);
  return tookMs;
}

/** Reads both pages each second, until it is stopped. */
function scrape(url: string, onScrape: () => void): () => Promise<void> {
  let isStopped = false;
  const reading = (async () => {
    while (!isStopped) {
      const next = sleep(SCRAPE_MS);
      for (const path of ['/metrics', '/v1/leaders']) {
        const { body } = await request(`${url}${path}`);
        await body.dump({ limit: Number.MAX_SAFE_INTEGER });
      }
      onScrape();
      await next;
    }
  })();
  return async () => {
    isStopped = true;
    await reading;
  };
}
