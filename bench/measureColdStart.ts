/**
 * `npm run bench:cold` measures how long a function takes from exec to its first decision, on the
 * embedded API. It needs no cluster.
 *
 * Where Knative has scaled to zero, a failover waits for that, and for the container, which the
 * cluster suite times.
 *
 * A sample starts a new process and posts a hint about a Service without leader. It ends when the
 * process answers that a leader was elected, so state was read, decided on and written. Four ways
 * take turns: the sources, the bundle, the bundle in parts with the compile cache, as the image has
 * it, and the floor: a bare Fastify that answers each request, and asks nothing of an API server.
 */

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { type EmbeddedApiServer, startApiServer } from '../apiserver/startApiServer.ts';
import { nodeFlags, warmCompileCache } from '../deploy/image/warmCompileCache.ts';
import { chooseFreePort } from '../test/support/controlPlane/chooseFreePort.ts';
import { aPodManifest, aPodStatus } from '../test/support/objects/aPodManifest.ts';
import type { Figure } from './claim.ts';
import { describeSetting } from './describeSetting.ts';
import { readSamples } from './readSamples.ts';
import { medianOf, writeClaim } from './writeClaim.ts';

interface Contestant {
  readonly flags: readonly string[];
  readonly name: string;
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Until it answers a probe: what follows is the state's reading and writing. */
  readonly listensMs: number[];
  readonly samplesMs: number[];
}

const checkout = resolve(import.meta.dirname, '..');
/** A hundred times the expected time. */
const answerTimeoutMs = 30_000;
const askEveryMs = 2;
/** As in deploy/bundle.ts. */
const requireForCommonJs =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
const floor = 'bare Fastify, as one file: the floor';
const image = 'bundle in parts, with compile cache: the image';

const samples = readSamples({
  script: 'measureColdStart.ts',
  samples: 20,
  reason: 'the three together take half a minute',
});
const setting = describeSetting();
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
      const { listensMs, decidedMs } = await startOnce(contestant, kubeconfig, service);
      contestant.listensMs.push(listensMs);
      contestant.samplesMs.push(decidedMs);
    }
  }
  const of = (name: string): Contestant => {
    const found = contestants.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no contestant is called ${name}`);
    return found;
  };
  const figure = (what: string, ms: readonly number[], floorMs: readonly number[]): Figure => ({
    what,
    unit: 'ms',
    floor: medianOf(floorMs),
    zenLead: medianOf(ms),
  });
  writeClaim({
    name: 'cold-start',
    claim: 'Cold start of a function, from exec to its first decision',
    load: `${samples} starts each; state is read, decided on and written on the embedded API`,
    setting,
    figures: [
      figure('image, until it answers a probe', of(image).listensMs, of(floor).listensMs),
      figure('image, until the decision', of(image).samplesMs, of(floor).samplesMs),
      figure('bundle without compile cache', of('bundle').samplesMs, of(floor).samplesMs),
      figure('sources', of('sources').samplesMs, of(floor).samplesMs),
    ],
  });
}

async function prepare(): Promise<readonly Contestant[]> {
  const bundle = join(work, 'one', 'zen-lead.mjs');
  const split = join(work, 'zen-lead.mjs');
  const cache = join(work, 'cache');
  const writeBundle = join(checkout, 'deploy/bundle.ts');
  execFileSync(process.execPath, [writeBundle, bundle], { stdio: 'ignore' });
  execFileSync(process.execPath, [writeBundle, split, 'zen-lead', 'split'], { stdio: 'ignore' });
  await warmCompileCache([split], cache, process.getuid?.() ?? 0);
  const bareFastify = join(work, 'floor.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'coldFloor.ts')],
    outfile: bareFastify,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: { js: requireForCommonJs },
    logLevel: 'error',
  });
  const cached = { NODE_COMPILE_CACHE: cache, NODE_COMPILE_CACHE_PORTABLE: '1' };
  return [
    {
      name: 'sources',
      program: join(checkout, 'cli/zen-lead.ts'),
      environment: {},
      flags: [],
      samplesMs: [],
      listensMs: [],
    },
    { name: 'bundle', program: bundle, environment: {}, flags: [], samplesMs: [], listensMs: [] },
    { name: image, program: split, environment: cached, flags: nodeFlags, samplesMs: [], listensMs: [] },
    {
      name: floor,
      program: bareFastify,
      environment: {},
      flags: [],
      samplesMs: [],
      listensMs: [],
    },
  ];
}

/** Milliseconds from spawn. */
interface Started {
  readonly listensMs: number;
  readonly decidedMs: number;
}

async function startOnce(
  { program, environment, flags }: Contestant,
  kubeconfig: string,
  service: string,
): Promise<Started> {
  const port = await chooseFreePort();
  const args = [
    ...flags,
    program,
    'functions',
    '--kubeconfig',
    kubeconfig,
    '--port',
    String(port),
    '--log-level',
    'error',
  ];
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = new Promise((done) => child.once('exit', done));
  try {
    await untilListening(`http://127.0.0.1:${port}/livez`);
    const listensMs = performance.now() - startedAt;
    const type = await ask(`http://127.0.0.1:${port}/`, service);
    const decidedMs = performance.now() - startedAt;
    if (type !== 'io.zen-lead.leader.elected') throw new Error(`the first decision was ${type}`);
    return { listensMs, decidedMs };
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
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(answerTimeoutMs) });
  const reply: { type?: unknown } = JSON.parse(await response.text());
  return reply.type;
}

async function untilListening(url: string): Promise<void> {
  for (const deadlineAt = Date.now() + answerTimeoutMs; Date.now() < deadlineAt; await sleep(askEveryMs)) {
    try {
      await (await fetch(url, { signal: AbortSignal.timeout(answerTimeoutMs) })).text();
      return;
    } catch (error) {
      // fetch could not connect: the process does not listen yet
      if (!(error instanceof TypeError)) throw error;
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
