/**
 * `node bench/measureChecks.ts [FAILOVERS] [SERVICES]` measures what health checks cost the
 * failovers of Services that have none: 1,000 Services are checked once a second, beside the same
 * Services without a check. Both in one run, in turns. docs/how-to/health-checks.md#what-it-costs
 *
 * zen-lead is a process of its own, on the embedded API server. The pods that are checked are one
 * server on the address of this machine, because zen-lead asks nothing on loopback. The aim is a
 * p99 of at most 1.1 times that without checks.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { type EmbeddedApiServer, startApiServer } from '../apiserver/startApiServer.ts';
import { aPodManifest, aPodStatus } from '../test/support/objects/aPodManifest.ts';
import { startZenLead } from '../test/support/programs/spawnZenLead.ts';
import { createServices, failOver, NAMESPACE, waitForLeaders } from './databases.ts';
import { describeSetting } from './describeSetting.ts';
import { startHealthyPods } from './healthyPods.ts';
import { summarize } from './summarize.ts';

const DEFAULT_CHECKED = 1_000;
/** Those that fail over. */
const UNCHECKED = 200;
const PAUSE_MS = 20;
/** Turns of both, so that what else the machine does meets both. */
const ROUNDS = 10;
const DEFAULT_FAILOVERS = 1_000;
/** Discarded: they compile code and open connections. */
const WARM_UP = 100;
const CHECK = 'zen-lead.io/health-check';
const PASSING = /^zen_lead_health_targets\{verdict="passing"\} (\d+)$/m;
const CHECKED_WITHIN_MS = 120_000;

await measure(Number(process.argv[2] ?? DEFAULT_FAILOVERS), Number(process.argv[3] ?? DEFAULT_CHECKED));

async function measure(failovers: number, checked: number): Promise<void> {
  const { kubernetes: _, etcd: __, ...setting } = describeSetting();
  const directory = mkdtempSync(join(tmpdir(), 'zen-lead-checks-'));
  const pods = await startHealthyPods();
  const server = await startApiServer();
  const kubeconfig = join(directory, 'kubeconfig');
  await server.writeKubeconfig(kubeconfig);
  createServices(server, UNCHECKED);
  createChecked(server, checked);
  const zenLead = await startZenLead({ kubeconfig, directory }, 'zen-lead', '--namespace', NAMESPACE);
  try {
    await waitForLeaders(server, UNCHECKED + checked);
    const samples = { alone: [] as number[], checked: [] as number[] };
    for (let round = 0; round <= ROUNDS; round += 1)
      for (const how of ['alone', 'checked'] as const) {
        setChecks(server, checked, how === 'checked' ? `http://:${pods.port}/` : null);
        await untilPassing(zenLead.url, how === 'checked' ? checked : 0);
        const count = round === 0 ? WARM_UP : failovers / ROUNDS;
        for (let n = 0; n < count; n += 1) {
          const tookMs = await failOver(server, (round * 1_009 + n * 13) % UNCHECKED);
          if (round > 0) samples[how].push(tookMs);
          await sleep(PAUSE_MS);
        }
      }
    const [alone, beside] = [summarize(samples.alone), summarize(samples.checked)];
    const ratio = (a: number, b: number): string => `${(a / b).toFixed(2)} x`;
    console.log(
      [
        JSON.stringify(setting),
        `${checked} Services with a check of one pod each, once a second; ${UNCHECKED} without fail over`,
        `alone:         p50 ${alone.p50Ms} ms, p99 ${alone.p99Ms} ms, ${alone.samples} failovers`,
        `beside checks: p50 ${beside.p50Ms} ms (${ratio(beside.p50Ms, alone.p50Ms)}), p99 ${beside.p99Ms} ms (${ratio(beside.p99Ms, alone.p99Ms)})`,
      ].join('\n'),
    );
  } finally {
    await zenLead.process.stop('SIGKILL');
    await server.close();
    pods.close();
    rmSync(directory, { recursive: true });
  }
}

function createChecked({ objects }: EmbeddedApiServer, services: number): void {
  const address = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
  if (address === undefined) throw new Error('this machine has no address but loopback, which is not probed');
  for (let n = 0; n < services; n += 1) {
    const name = nameOf(n);
    objects.create({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: NAMESPACE, annotations: { 'zen-lead.io/enabled': 'true' } },
      spec: { selector: { app: name }, ports: [{ port: 80 }] },
    });
    objects.create(aPodManifest({ name: `${name}-0`, namespace: NAMESPACE, labels: { app: name } }));
    const pod = { resource: 'pods', namespace: NAMESPACE, name: `${name}-0` };
    objects.patchStatus(pod, { status: aPodStatus({ ready: true, ips: [address] }) });
  }
}

function setChecks({ objects }: EmbeddedApiServer, services: number, check: string | null): void {
  for (let n = 0; n < services; n += 1)
    objects.patch(
      { resource: 'services', namespace: NAMESPACE, name: nameOf(n) },
      { metadata: { annotations: { [CHECK]: check } } },
    );
}

function nameOf(index: number): string {
  return `checked-${index}`;
}

/** The bridge knows so many targets that pass. */
async function untilPassing(url: string, wanted: number): Promise<void> {
  const givenUpAt = Date.now() + CHECKED_WITHIN_MS;
  for (;;) {
    const { body } = await request(`${url}/metrics`);
    const passing = Number(PASSING.exec(await body.text())?.[1] ?? 0);
    if (passing === wanted) return;
    if (Date.now() > givenUpAt) throw new Error(`${passing} of ${wanted} targets pass`);
    await sleep(1_000);
  }
}
