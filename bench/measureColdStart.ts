/**
 * `npm run bench:cold` measures how long a function takes from exec to its first decision, on the
 * embedded API. It needs no cluster.
 *
 * Where Knative has scaled to zero, a failover waits for that, and for the container, which the
 * cluster suite times.
 *
 * A sample starts a new process and posts a hint about a Service without leader. It ends when the
 * process answers that a leader was elected, so state was read, decided on and written. Three ways
 * take turns: the sources, the bundle, and the bundle with the compile cache that the image has.
 */

import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EmbeddedApiServer, startApiServer } from '../apiserver/startApiServer.ts';
import { warmCompileCache } from '../deploy/image/warmCompileCache.ts';
import { chooseFreePort } from '../test/support/controlPlane/chooseFreePort.ts';
import { aPodManifest, aPodStatus } from '../test/support/objects/aPodManifest.ts';
import { describeSetting } from './describeSetting.ts';
import { readSamples } from './readSamples.ts';
import { type Summary, summarize } from './summarize.ts';

interface Contestant {
  readonly name: string;
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly samplesMs: number[];
}

const checkout = resolve(import.meta.dirname, '..');
/** A hundred times the expected time. */
const answerTimeoutMs = 30_000;
const askEveryMs = 2;

const samples = readSamples({
  script: 'measureColdStart.ts',
  samples: 20,
  reason: 'the three together take half a minute',
});
const work = mkdtempSync(join(tmpdir(), 'zen-lead-cold-'));
const apiServer = await startApiServer();
try {
  await run(samples);
} finally {
  await apiServer.close();
  rmSync(work, { recursive: true, force: true });
}

async function run(samples: number): Promise<void> {
  const kubeconfig = join(work, 'kubeconfig');
  await apiServer.writeKubeconfig(kubeconfig);
  const contestants = await prepare();
  for (let round = 0; round < samples; round += 1) {
    for (const contestant of contestants) {
      const service = `s-${round}-${contestants.indexOf(contestant)}`;
      await createService(apiServer, service);
      contestant.samplesMs.push(await startOnce(contestant, kubeconfig, service));
    }
  }
  const table = toTable(contestants.map(({ name, samplesMs }) => [name, summarize(samplesMs)] as const));
  mkdirSync(join(import.meta.dirname, 'results'), { recursive: true });
  writeFileSync(join(import.meta.dirname, 'results', 'cold-start.md'), table);
  console.log(table);
}

async function prepare(): Promise<readonly Contestant[]> {
  execFileSync(process.execPath, [join(checkout, 'deploy/bundle.ts')], { stdio: 'ignore' });
  const bundle = join(work, 'zen-lead.mjs');
  const cache = join(work, 'cache');
  copyFileSync(join(checkout, 'dist/zen-lead.mjs'), bundle);
  await warmCompileCache(bundle, cache, process.getuid?.() ?? 0);
  const cached = { NODE_COMPILE_CACHE: cache, NODE_COMPILE_CACHE_PORTABLE: '1' };
  return [
    { name: 'sources', program: join(checkout, 'cli/zen-lead.ts'), environment: {}, samplesMs: [] },
    { name: 'bundle', program: bundle, environment: {}, samplesMs: [] },
    { name: 'bundle with compile cache: the image', program: bundle, environment: cached, samplesMs: [] },
  ];
}

/** Returns the milliseconds from spawn to the reply. */
async function startOnce({ program, environment }: Contestant, kubeconfig: string, service: string): Promise<number> {
  const port = await chooseFreePort();
  const args = [program, 'functions', '--kubeconfig', kubeconfig, '--port', String(port), '--log-level', 'error'];
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = new Promise((done) => child.once('exit', done));
  try {
    const type = await ask(`http://127.0.0.1:${port}/`, service);
    const tookMs = performance.now() - startedAt;
    if (type !== 'io.zen-lead.leader.elected') throw new Error(`the first decision was ${type}`);
    return tookMs;
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

/** Returns the type of the reply. */
async function ask(url: string, service: string): Promise<unknown> {
  const event = {
    specversion: '1.0',
    id: service,
    type: 'io.zen-lead.service.added',
    source: '/clusters/bench',
    subject: `namespaces/default/services/${service}`,
    datacontenttype: 'application/json',
    data: { change: { kind: 'Service', name: service, verb: 'added' }, deadline: 0 },
  };
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify(event),
  };
  const deadlineAt = Date.now() + answerTimeoutMs;
  while (Date.now() < deadlineAt) {
    try {
      const response = await fetch(url, { ...request, signal: AbortSignal.timeout(answerTimeoutMs) });
      const reply: { type?: unknown } = JSON.parse(await response.text());
      return reply.type;
    } catch (error) {
      // fetch could not connect: the process does not listen yet
      if (!(error instanceof TypeError)) throw error;
      await sleep(askEveryMs);
    }
  }
  throw new Error('the function did not answer');
}

async function createService({ url }: EmbeddedApiServer, name: string): Promise<void> {
  const labels = { app: name };
  await create(`${url}/api/v1/namespaces/default/services`, {
    metadata: { name, annotations: { 'zen-lead.io/enabled': 'true' } },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
  });
  const pods = `${url}/api/v1/namespaces/default/pods`;
  await create(pods, aPodManifest({ name, labels }));
  const status = aPodStatus({ ips: ['10.0.0.1'] });
  await send(`${pods}/${name}/status`, 'PATCH', { status }, 'application/merge-patch+json');
}

function create(url: string, body: object): Promise<void> {
  return send(url, 'POST', body, 'application/json');
}

async function send(url: string, method: string, body: object, contentType: string): Promise<void> {
  const options = { method, headers: { 'content-type': contentType }, body: JSON.stringify(body) };
  const response = await fetch(url, { ...options, signal: AbortSignal.timeout(answerTimeoutMs) });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
}

function toTable(rows: readonly (readonly [string, Summary])[]): string {
  const { measuredAt, machine, node, commit } = describeSetting();
  return `# Cold start

From exec to the reply that a leader was elected (state read, decided on, written), in milliseconds; the API is embedded. \`npm run bench:cold\`.

| | samples | p50 | p99 | max |
|---|---|---|---|---|
${rows.map(([name, { samples, p50Ms, p99Ms, maxMs }]) => `| ${name} | ${samples} | ${p50Ms} | ${p99Ms} | ${maxMs} |`).join('\n')}

${measuredAt} · ${machine} · Node ${node} · commit ${commit}
`;
}
