/**
 * Runs one program at a time over a crowd: the floor, client-node's informer, or the bridge as the
 * image runs it. All are measured from outside, in the same way.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { writeKubeconfig } from '../apiserver/writeKubeconfig.ts';
import { nodeFlags } from '../deploy/image/warmCompileCache.ts';
import { type RunningProcess, startProcess } from '../test/support/programs/startProcess.ts';
import type { CrowdSize } from './crowd.ts';
import { readCpuMs, readMemory } from './readProcess.ts';
import { imageEnvironment } from './startImage.ts';

export const watchers = ['floor', 'informer', 'zen-lead'] as const;
export type Watcher = (typeof watchers)[number];

export interface CrowdRun {
  /** From exec to the log line that says that every list is complete. */
  readonly readyMs: number;
  /** Resident, in MB. */
  memory(): { readonly nowMb: number; readonly peakMb: number };
  /** Of all its threads, so far. */
  cpuMs(): number;
  /** Sends so many changes that do not matter, and one that does. Resolves when that is sent. */
  touch(count: number): Promise<void>;
  /** What the program has sent to the sink. */
  sent(): number;
  /** Requests to the API server, by verb and resource. */
  requests(): Promise<Readonly<Record<string, number>>>;
}

/** A hundred times the expected time: longer means that something is broken. */
const TIMEOUT_MS = 300_000;
const POLL_MS = 10;

const bench = import.meta.dirname;
const listed = /every list is complete/;

export async function overCrowd<Result>(
  watcher: Watcher,
  { pods, services }: CrowdSize,
  bundle: string,
  measure: (run: CrowdRun) => Promise<Result>,
): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'zen-lead-crowd-'));
  const sink = await startSink();
  const running: RunningProcess[] = [];
  const start = (name: string, args: readonly string[], variables: object = {}): RunningProcess => {
    const environment = { ...process.env, ...variables };
    const program = startProcess({ name, command: process.execPath, args, directory, environment });
    running.unshift(program);
    return program;
  };
  try {
    const api = start('api', [join(bench, 'crowdApi.ts'), String(pods), String(services)]);
    const [url] = await until(api, /http:\/\/[\d.:]+/);
    const startedAt = performance.now();
    const args = await argumentsOf(watcher, url, sink.url, bundle, directory);
    const program = start(watcher, args, watcher === 'zen-lead' ? imageEnvironment : {});
    await until(program, listed);
    const readyMs = performance.now() - startedAt;
    const ask = async (path: string) => (await request(`${url}/bench/${path}`)).body.json();
    return await measure({
      readyMs,
      memory: () => readMemory(program.pid),
      cpuMs: () => readCpuMs(program.pid),
      async touch(count) {
        const heard = sink.next();
        await ask(`touch?count=${count}`);
        await ask('fail');
        await heard;
      },
      sent: sink.received,
      requests: async () => (await ask('requests')) as Record<string, number>,
    });
  } finally {
    for (const program of running) await program.stop('SIGKILL');
    sink.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function argumentsOf(
  watcher: Watcher,
  url: string,
  sinkUrl: string,
  bundle: string,
  directory: string,
): Promise<readonly string[]> {
  if (watcher === 'floor') return [join(bench, 'crowdFloor.ts'), url, sinkUrl];
  if (watcher === 'informer') return [join(bench, 'crowdInformer.ts'), url, sinkUrl];
  const kubeconfig = join(directory, 'kubeconfig');
  await writeKubeconfig(kubeconfig, url);
  const to = ['--kubeconfig', kubeconfig, '--sink', sinkUrl, '--port', '0'];
  // A resync is none of what is measured. It is spread over the interval, so that an hour sends an
  // event every 4 s for 1,000 Services.
  return [...nodeFlags, bundle, 'bridge', ...to, '--no-lease', '--resync-interval-ms', '86400000'];
}

async function until(program: RunningProcess, wanted: RegExp): Promise<RegExpExecArray> {
  for (const deadlineAt = Date.now() + TIMEOUT_MS; Date.now() < deadlineAt; await sleep(POLL_MS)) {
    const found = wanted.exec(program.log());
    if (found !== null) return found;
    if (program.ended() !== undefined) break;
  }
  throw new Error(`${program.name} did not print ${wanted}:\n${program.log()}`);
}

interface Sink {
  readonly url: string;
  received(): number;
  /** Resolves with the next request. */
  next(): Promise<void>;
  close(): void;
}

async function startSink(): Promise<Sink> {
  let received = 0;
  let notify = (): void => undefined;
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      received += 1;
      notify();
      response.statusCode = 204;
      response.end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    received: () => received,
    next: () =>
      new Promise((done) => {
        notify = done;
      }),
    close: () => server.closeAllConnections(),
  };
}
