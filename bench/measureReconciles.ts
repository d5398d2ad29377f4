/**
 * Measures the processor time of a function for an event where nothing is to be written: 10
 * candidates, a token that it verifies, in both modes of CloudEvents over HTTP. The floor is a bare
 * Fastify that parses the same body, verifies nothing and decides nothing. docs/performance.md.
 *
 * The state is one that the function itself has made and read: the reply to a hint has it.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Pool } from 'undici';
import { writeKubeconfig } from '../apiserver/writeKubeconfig.ts';
import { nodeFlags } from '../deploy/image/warmCompileCache.ts';
import { parseEnvelope } from '../lib/events/envelope.ts';
import { parseReply } from '../lib/events/parseReply.ts';
import type { Snapshot } from '../lib/selection/snapshot.ts';
import { chooseFreePort } from '../test/support/controlPlane/chooseFreePort.ts';
import { putPod, putService } from '../test/support/objects/aNamespace.ts';
import { aReconcileEvent, binary, type Message, structured } from '../test/support/objects/anEvent.ts';
import { type RunningProcess, startProcess } from '../test/support/programs/startProcess.ts';
import { startFakeApi } from '../test/support/servers/fakeApi.ts';
import type { Figure } from './claim.ts';
import { describeSetting } from './describeSetting.ts';
import { readCpuMs } from './readProcess.ts';
import { readSamples } from './readSamples.ts';
import { prepareBundle } from './startImage.ts';
import { medianOf, writeClaim } from './writeClaim.ts';

const CANDIDATES = 10;
const EVENTS_A_ROUND = 20_000;
/** Compiles code and opens connections. */
const WARM_UP = 20_000;
/** As many events as a bridge has in flight on a good day. */
const CONNECTIONS = 16;
/** A hundred times the expected time: longer means that something is broken. */
const TIMEOUT_MS = 60_000;

const issuer = 'https://kubernetes.default.svc.cluster.local';
const sender = 'system:serviceaccount:zen-lead:zen-lead-bridge';
const modes = { structured, binary } as const;
type Mode = keyof typeof modes;

const rounds = readSamples({ script: 'measureReconciles.ts', samples: 5, reason: 'a round takes some ten seconds' });
const setting = describeSetting();
const directory = mkdtempSync(join(tmpdir(), 'zen-lead-reconciles-'));
const bundle = prepareBundle();
const api = await startFakeApi();
const programs: RunningProcess[] = [];
try {
  const token = await createToken();
  putService(api);
  for (let i = 0; i < CANDIDATES; i += 1) putPod(api, `db-${i}`);
  const kubeconfig = join(directory, 'kubeconfig');
  await writeKubeconfig(kubeconfig, api.url);
  const trust = ['--trusted-sender', sender, '--audience', 'zen-lead'];
  const zenLead = await start('zen-lead', [
    ...nodeFlags,
    bundle.file,
    'functions',
    '--kubeconfig',
    kubeconfig,
    ...trust,
  ]);
  const floor = await start('floor', [...nodeFlags, join(import.meta.dirname, 'coldFloor.ts')]);
  const data = await settle(zenLead.url, token);
  const figures: Figure[] = [];
  for (const mode of ['structured', 'binary'] as const) {
    for (const { url } of [floor, zenLead]) await send(url, mode, data, token, WARM_UP);
    const tookUs: Record<'floor' | 'zenLead', number[]> = { floor: [], zenLead: [] };
    for (let round = 0; round < rounds; round += 1) {
      tookUs.floor.push(await measure(floor, mode, data, token));
      tookUs.zenLead.push(await measure(zenLead, mode, data, token));
    }
    figures.push(toFigure(mode, medianOf(tookUs.floor), medianOf(tookUs.zenLead)));
  }
  writeClaim({
    name: 'reconciles',
    claim: 'A reconcile with nothing to write, token verified, over HTTP: processor time of the function',
    load: `${CANDIDATES} candidates, median of ${rounds} rounds of ${EVENTS_A_ROUND} events, ${CONNECTIONS} connections`,
    setting,
    figures,
  });
} finally {
  for (const program of programs) await program.stop('SIGKILL');
  await api.close();
  bundle.close();
  rmSync(directory, { recursive: true, force: true });
}
process.exit();

interface Started {
  readonly pid: number;
  readonly url: string;
}

async function start(name: string, args: readonly string[]): Promise<Started> {
  const port = await chooseFreePort();
  const at = ['--port', String(port), '--log-level', 'error'];
  const program = startProcess({ name, command: process.execPath, args: [...args, ...at], directory });
  programs.push(program);
  const url = `http://127.0.0.1:${port}/`;
  for (const deadlineAt = Date.now() + TIMEOUT_MS; Date.now() < deadlineAt; await sleep(20)) {
    // The floor has no page of this path, and answers 404 to it.
    const status = await fetch(`${url}readyz`).then(
      (answer) => answer.status,
      () => 503,
    );
    if (status !== 503) return { pid: program.pid, url };
  }
  throw new Error(`${name} did not answer:\n${program.log()}`);
}

/** Publishes the key, as the API server does. */
async function createToken(): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const key = { ...(await exportJWK(publicKey)), kid: 'bench', use: 'sig', alg: 'RS256' };
  api.paths.set('/.well-known/openid-configuration', { issuer });
  api.paths.set('/openid/v1/jwks', { keys: [key] });
  return new SignJWT({ sub: sender })
    .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
    .setIssuer(issuer)
    .setAudience('zen-lead')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
}

/** Sends hints until one of them writes nothing. Returns the state that it read. */
async function settle(url: string, token: string): Promise<Snapshot> {
  const hint = structured(
    aReconcileEvent({ data: { change: { kind: 'Pod', name: 'db-0', verb: 'modified' }, deadline: 0 } }),
  );
  for (let writes = -1; ; ) {
    const answer = await fetch(url, { method: 'POST', ...withToken(hint, token), body: hint.body.toString() });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
    const { snapshot } = parseReply(parseEnvelope(Object.fromEntries(answer.headers), Buffer.from(text))).data;
    if (snapshot !== undefined && api.writes().length === writes) return snapshot;
    writes = api.writes().length;
  }
}

function withToken({ headers }: Message, token: string): { readonly headers: Record<string, string> } {
  return { headers: { ...headers, authorization: `Bearer ${token}` } };
}

/** Microseconds of processor time for one event. */
async function measure({ pid, url }: Started, mode: Mode, snapshot: Snapshot, token: string): Promise<number> {
  const [requests, before] = [api.requests.length, readCpuMs(pid)];
  await send(url, mode, snapshot, token, EVENTS_A_ROUND);
  if (api.requests.length !== requests)
    throw new Error(`the function asked the API server for ${api.requests.at(-1)?.path}`);
  return ((readCpuMs(pid) - before) * 1_000) / EVENTS_A_ROUND;
}

async function send(url: string, mode: Mode, snapshot: Snapshot, token: string, count: number): Promise<void> {
  const change = { kind: 'Pod', name: 'db-0', verb: 'modified' } as const;
  const deadline = Date.now() + TIMEOUT_MS;
  const message = modes[mode](aReconcileEvent({ data: { change, deadline, snapshot } }));
  const pool = new Pool(new URL(url).origin, { connections: CONNECTIONS });
  let left = count;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const request = { method: 'POST', path: '/', ...withToken(message, token), body: message.body } as const;
      const { statusCode, body } = await pool.request(request);
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`${statusCode} ${text}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  await pool.close();
}

function toFigure(mode: Mode, floor: number, zenLead: number): Figure {
  const aSecond = Math.round(1e6 / zenLead).toLocaleString('en');
  return { what: `${mode} mode: ${aSecond} a second and core`, unit: 'us', floor, zenLead };
}
