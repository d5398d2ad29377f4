/**
 * ReconcileBench: functions that have nothing to write, and a load of events about one Service for
 * them, as a trusted bridge sends them. measureReconciles.ts, measureHorizontal.ts
 *
 * The state is one that a function itself has made and read: the reply to a hint has it.
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
import { readCpuMs } from './readProcess.ts';
import { prepareBundle } from './startImage.ts';

export const CANDIDATES = 10;
export const EVENTS_A_ROUND = 20_000;
/** Compiles code and opens connections. */
export const WARM_UP = 20_000;
/** As many events as a bridge has in flight on a good day. */
export const CONNECTIONS = 16;
/** A hundred times the expected time: longer means that something is broken. */
const TIMEOUT_MS = 60_000;

const issuer = 'https://kubernetes.default.svc.cluster.local';
const sender = 'system:serviceaccount:zen-lead:zen-lead-bridge';
const modes = { structured, binary } as const;
export type Mode = keyof typeof modes;

export interface Started {
  readonly pid: number;
  readonly url: string;
}

export interface ReconcileBench {
  /** What is started has files here. */
  readonly directory: string;
  /** Named, because each has a log. */
  startFunctions(name: string): Promise<Started>;
  /** A bare Fastify that parses the same body, verifies nothing and decides nothing. */
  startFloor(): Promise<Started>;
  /** Makes the state with this function, which the events have from then on. */
  prepare(url: string): Promise<void>;
  send(url: string, mode: Mode, count: number): Promise<void>;
  /** Microseconds of processor time of these processes together, for one event. */
  measure(url: string, mode: Mode, processes: readonly Started[]): Promise<number>;
  close(): Promise<void>;
}

export async function createReconcileBench(): Promise<ReconcileBench> {
  const directory = mkdtempSync(join(tmpdir(), 'zen-lead-reconciles-'));
  const bundle = prepareBundle();
  const api = await startFakeApi();
  const programs: RunningProcess[] = [];
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const key = { ...(await exportJWK(publicKey)), kid: 'bench', use: 'sig', alg: 'RS256' };
  // As the API server publishes it.
  api.paths.set('/.well-known/openid-configuration', { issuer });
  api.paths.set('/openid/v1/jwks', { keys: [key] });
  const token = await new SignJWT({ sub: sender })
    .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
    .setIssuer(issuer)
    .setAudience('zen-lead')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
  putService(api);
  for (let i = 0; i < CANDIDATES; i += 1) putPod(api, `db-${i}`);
  const kubeconfig = join(directory, 'kubeconfig');
  await writeKubeconfig(kubeconfig, api.url);
  let snapshot: Snapshot | undefined;

  async function start(name: string, args: readonly string[]): Promise<Started> {
    const port = await chooseFreePort();
    const at = ['--port', String(port), '--log-level', 'error'];
    const program = startProcess({ name, command: process.execPath, args: [...nodeFlags, ...args, ...at], directory });
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

  async function send(url: string, mode: Mode, count: number): Promise<void> {
    if (snapshot === undefined) throw new Error('prepare first');
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

  return {
    directory,
    startFunctions(name) {
      const trust = ['--trusted-sender', sender, '--audience', 'zen-lead'];
      return start(name, [bundle.file, 'functions', '--kubeconfig', kubeconfig, ...trust]);
    },
    startFloor: () => start('floor', [join(import.meta.dirname, 'coldFloor.ts')]),
    // Sends hints until one of them writes nothing. Its reply has the state that it read.
    async prepare(url) {
      const change = { kind: 'Pod', name: 'db-0', verb: 'modified' } as const;
      const hint = structured(aReconcileEvent({ data: { change, deadline: 0 } }));
      for (let writes = -1; ; ) {
        const answer = await fetch(url, { method: 'POST', ...withToken(hint, token), body: hint.body.toString() });
        const text = await answer.text();
        if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
        snapshot = parseReply(parseEnvelope(Object.fromEntries(answer.headers), Buffer.from(text))).data.snapshot;
        if (snapshot !== undefined && api.writes().length === writes) return;
        writes = api.writes().length;
      }
    },
    send,
    async measure(url, mode, processes) {
      const total = (): number => processes.reduce((sum, { pid }) => sum + readCpuMs(pid), 0);
      const [requests, before] = [api.requests.length, total()];
      await send(url, mode, EVENTS_A_ROUND);
      if (api.requests.length !== requests)
        throw new Error(`the function asked the API server for ${api.requests.at(-1)?.path}`);
      return ((total() - before) * 1_000) / EVENTS_A_ROUND;
    },
    async close() {
      for (const program of programs) await program.stop('SIGKILL');
      await api.close();
      bundle.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function withToken({ headers }: Message, token: string): { readonly headers: Record<string, string> } {
  return { headers: { ...headers, authorization: `Bearer ${token}` } };
}
