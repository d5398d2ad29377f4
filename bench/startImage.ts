/**
 * Starts zen-lead as the image does: the bundle, with the flags and the environment of the image.
 * The sources would add the compiler's memory and work.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeFlags } from '../deploy/image/warmCompileCache.ts';
import { type RunningProcess, startProcess } from '../test/support/programs/startProcess.ts';

/** As deploy/image.ts has it. */
export const imageEnvironment = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' };

/** A hundred times the expected time: longer means that something is broken. */
const TIMEOUT_MS = 60_000;

export interface Bundle {
  readonly file: string;
  close(): void;
}

export interface RunningImage {
  readonly process: RunningProcess;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
}

export function prepareBundle(program: 'zen-lead' | 'zen-flow' = 'zen-lead'): Bundle {
  const folder = mkdtempSync(join(tmpdir(), `${program}-bundle-`));
  const file = join(folder, `${program}.mjs`);
  const words = [resolve(import.meta.dirname, '../deploy/bundle.ts'), file, program, 'split'];
  execFileSync(process.execPath, words, { stdio: 'ignore' });
  return { file, close: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Resolves when it is ready. `args` begin with the command. */
export async function startImage(
  bundle: Bundle,
  { name, directory, args }: { readonly name: string; readonly directory: string; readonly args: readonly string[] },
): Promise<RunningImage> {
  const running = startProcess({
    name,
    command: process.execPath,
    args: [...nodeFlags, bundle.file, ...args, '--port', '0'],
    directory,
    environment: { ...process.env, ...imageEnvironment },
  });
  for (const deadlineAt = Date.now() + TIMEOUT_MS; Date.now() < deadlineAt && running.ended() === undefined; ) {
    const url = /"url":"(http:\/\/127\.0\.0\.1:\d+)/.exec(running.log())?.[1];
    if (url !== undefined && (await isReady(url))) return { process: running, url };
    await sleep(20);
  }
  await running.stop('SIGKILL');
  throw new Error(`${name} did not become ready:\n${running.log()}`);
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`).catch(() => null);
  await answer?.text();
  return answer?.status === 200;
}
