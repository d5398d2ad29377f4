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
import { startApiServer } from '../apiserver/startApiServer.ts';
import { startZenLead } from '../test/support/programs/spawnZenLead.ts';
import { createServices, failOver, NAMESPACE, waitForLeaders } from './databases.ts';
import { describeSetting } from './describeSetting.ts';
import { summarize } from './summarize.ts';

const DEFAULT_SERVICES = 5_000;
const SCRAPE_MS = 1_000;
const PAUSE_MS = 20;
/** Turns of both, so that what else the machine does meets both. */
const ROUNDS = 5;
const DEFAULT_FAILOVERS = 200;

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

/** Reads both pages each second, until it is stopped. */
function scrape(url: string, onScrape: () => void): () => Promise<void> {
  let isStopped = false;
  const reading = (async () => {
    while (!isStopped) {
      const next = sleep(SCRAPE_MS);
      for (const path of ['/metrics', '/v1/leaders']) {
        const { statusCode, body } = await request(`${url}${path}`);
        if (statusCode !== 200) throw new Error(`${path} answers ${statusCode}`);
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
