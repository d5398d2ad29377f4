/**
 * Measures how long it takes from opt-in to route for three Services in a namespace of 60,000 pods,
 * on the embedded API. The floor is zen-lead itself in a namespace of nine pods: a read that costs
 * what it answers takes as long in both. docs/performance.md.
 *
 * It also counts the requests that the functions made meanwhile, and how many pods were answered.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedApiServer, startApiServer } from '../apiserver/startApiServer.ts';
import { aPodManifest, aPodStatus } from '../test/support/objects/aPodManifest.ts';
import { aService } from '../test/support/objects/aService.ts';
import { startZenLead } from '../test/support/programs/spawnZenLead.ts';
import { describeSetting } from './describeSetting.ts';
import { readSamples } from './readSamples.ts';
import { settle } from './settle.ts';
import { medianOf, writeClaim } from './writeClaim.ts';

const crowd = 60_000;
const services = ['a', 'b', 'c'];
const rounds = readSamples({ script: 'measureManyPods.ts', samples: 3, reason: 'a median of more takes minutes' });
/** A hundred times the expected time. */
const TIMEOUT_MS = 120_000;

const setting = describeSetting();
const tookMs: Record<'few' | 'many', number[]> = { few: [], many: [] };
let requests = 0;
for (let round = 0; round < rounds; round += 1) {
  tookMs.few.push((await measure(0)).tookMs);
  const among = await measure(crowd);
  tookMs.many.push(among.tookMs);
  requests = Math.max(requests, among.reads);
}
writeClaim({
  name: 'many-pods',
  claim: 'Services opted in among 60,000 pods of one namespace, until the last is routed',
  load: `${services.length} Services of 3 pods each, ${rounds} rounds; at most ${requests} reads in all; the floor is zen-lead without the other pods`,
  setting,
  figures: [{ what: 'median', unit: 'ms', floor: medianOf(tookMs.few), zenLead: medianOf(tookMs.many) }],
});
process.exit();

async function measure(others: number): Promise<{ readonly tookMs: number; readonly reads: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'zen-lead-many-'));
  let reads = 0;
  const api = await startApiServer({
    onRequest: ({ verb }) => {
      if (verb === 'list' || verb === 'get') reads += 1;
    },
  });
  try {
    for (let i = 0; i < others; i += 1) createPod(api, `other-${i}`, `other-${i % 1_000}`, i + 100);
    for (const [s, name] of services.entries()) {
      api.objects.create(aService({ name, annotations: { enabled: null }, spec: { selector: { app: name } } }));
      for (let i = 0; i < 3; i += 1) createPod(api, `${name}-${i}`, name, s * 3 + i);
    }
    const kubeconfig = join(directory, 'kubeconfig');
    await api.writeKubeconfig(kubeconfig);
    const { process: program } = await startZenLead({ kubeconfig, directory }, 'zen-lead', '--no-lease');
    try {
      await settle();
      reads = 0;
      return { tookMs: await optIn(api), reads };
    } finally {
      await program.stop('SIGKILL');
    }
  } finally {
    await api.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function createPod({ objects }: EmbeddedApiServer, name: string, app: string, address: number): void {
  const ip = `10.${address >> 16}.${(address >> 8) & 255}.${address & 255}`;
  objects.create({ ...aPodManifest({ name, labels: { app } }), status: aPodStatus({ ips: [ip] }) });
  objects.patchStatus({ resource: 'pods', namespace: 'default', name }, { status: aPodStatus({ ips: [ip] }) });
}

async function optIn({ objects }: EmbeddedApiServer): Promise<number> {
  const routed = new Set<string>();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const late = setTimeout(() => reject(new Error('not every Service is routed in time')), TIMEOUT_MS);
  const startedAt = performance.now();
  const end = objects.subscribe('endpointslices', ({ entry: { object } }) => {
    const { endpoints = [] } = object as { endpoints?: readonly object[] | null };
    if (endpoints !== null && endpoints.length > 0) routed.add(object.metadata.name);
    if (routed.size === services.length) resolve(performance.now() - startedAt);
  });
  const annotations = { 'zen-lead.io/enabled': 'true' };
  for (const name of services)
    objects.patch({ resource: 'services', namespace: 'default', name }, { metadata: { annotations } });
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    end();
  }
}
