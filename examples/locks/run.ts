/**
 * Shows what a lock does not do, and what a fencing token does: eight workers count in one file,
 * each while it holds a lock, and holders are stopped at random (SIGSTOP) for longer than the lock
 * lasts. Once the store looks at no token, and once it does. Each run goes on until a holder that
 * was stopped has written late.
 *
 *   node examples/locks/run.ts
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startApiServer } from '../../apiserver/startApiServer.ts';
import { startStore } from './store.ts';

const WORKERS = 8;
/** The lock lasts 5 s, and a second more for clocks that differ. */
const PAUSE_MS = 7_500;
/** Of the reads of holders: one in so many is followed by a pause. */
const ONE_IN = 5;
/** A pause comes so long after the read at most: the work takes 100 ms. */
const PAUSE_WITHIN_MS = 80;
/** For what was under way when a holder woke. */
const SETTLE_MS = 2_000;
/** Most pauses hit between the last look at the clock and the write; this many cannot all miss. */
const MAX_PAUSES = 20;

const program = fileURLToPath(new URL('../../cli/zen-lead.ts', import.meta.url));
const worker = fileURLToPath(new URL('worker.ts', import.meta.url));
const directory = await mkdtemp(join(tmpdir(), 'zen-lead-locks-'));
const apiServer = await startApiServer();
const kubeconfig = join(directory, 'kubeconfig');
await apiServer.writeKubeconfig(kubeconfig);
const api = spawn(process.execPath, [program, 'api', '--kubeconfig', kubeconfig, '--port', '0', '--api-auth', 'none']);
try {
  const apiUrl = await readUrl(api);
  process.stdout.write(`${WORKERS} workers count under a lock, and holders are stopped for ${PAUSE_MS} ms.\n\n`);
  for (const checksTokens of [false, true]) await count(apiUrl, checksTokens);
} finally {
  api.kill('SIGTERM');
  await apiServer.close();
  await rm(directory, { recursive: true });
}

async function count(apiUrl: string, checksTokens: boolean): Promise<void> {
  const workers = new Map<string, ChildProcess>();
  const shown = Promise.withResolvers<void>();
  let pauses = 0;
  let isPausing = false;
  const store = await startStore({
    file: join(directory, 'counter'),
    checksTokens,
    onRead(name) {
      const holder = workers.get(name);
      if (isPausing || holder === undefined || Math.random() * ONE_IN >= 1) return;
      isPausing = true;
      pauses += 1;
      void pause(holder).then(() => {
        isPausing = false;
        if (store.late() > 0 || pauses === MAX_PAUSES) shown.resolve();
      });
    },
  });
  for (let index = 0; index < WORKERS; index += 1) {
    const name = `worker-${index}`;
    const args = [worker, name, apiUrl, store.url];
    workers.set(name, spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] }));
  }
  await shown.promise;
  const ends = [...workers.values()].map((each) => once(each, 'exit'));
  for (const each of workers.values()) each.kill('SIGTERM');
  await Promise.all(ends);
  const [acknowledged, counted] = [store.acknowledged(), await store.value()];
  store.close();
  process.stdout.write(
    `${checksTokens ? 'The store checks tokens:    ' : 'The store looks at no token:'} ${pauses} pauses, ${acknowledged} writes acknowledged, ${counted} counted, ${acknowledged - counted} lost, ${checksTokens ? store.late() : 0} refused.\n`,
  );
  if (store.late() === 0) throw new Error(`no pause of ${MAX_PAUSES} came between a look at the clock and a write`);
}

async function pause(holder: ChildProcess): Promise<void> {
  await sleep(Math.random() * PAUSE_WITHIN_MS);
  holder.kill('SIGSTOP');
  await sleep(PAUSE_MS);
  holder.kill('SIGCONT');
  await sleep(SETTLE_MS);
}

function readUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', () => reject(new Error(`zen-lead api has ended:\n${text}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const [, url] = /"url":"([^"]+)"[^\n]*"msg":"started"/.exec(text) ?? [];
      if (url !== undefined) resolve(url);
    });
  });
}
