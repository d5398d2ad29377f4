/**
 * Starts `npx zen-lead run` against a control plane, in this checkout, as a user would.
 *
 * Guarantees: it is ready (`/readyz`) when this resolves.
 */

import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { ControlPlane } from '../controlPlane/startControlPlane.ts';
import { type RunningProcess, startProcess } from './startProcess.ts';

export interface ZenLead {
  readonly process: RunningProcess;
  /** `http://127.0.0.1:<port>`, where /livez, /readyz and /metrics are. */
  readonly url: string;
  isReady(): Promise<boolean>;
}

const checkout = resolve(import.meta.dirname, '../../..');
/** npx, Node and three LISTs take about 2 s. The rest is for a busy machine. */
const startTimeoutMs = 30_000;

export async function startZenLead(
  { kubeconfig, directory }: Pick<ControlPlane, 'kubeconfig' | 'directory'>,
  name: string,
  ...args: readonly string[]
): Promise<ZenLead> {
  const running = startProcess({
    name,
    command: 'npx',
    args: ['zen-lead', 'run', '--kubeconfig', kubeconfig, '--port', '0', ...args],
    directory,
    workingDirectory: checkout,
  });
  const deadlineAt = Date.now() + startTimeoutMs;
  while (Date.now() < deadlineAt && running.ended() === undefined) {
    const url = findUrl(running.log());
    if (url !== null && (await isReady(url))) return { process: running, url, isReady: () => isReady(url) };
    await sleep(50);
  }
  await running.stop('SIGKILL');
  throw new Error(`zen-lead did not become ready:\n${running.log()}`);
}

/** Where it listens. An earlier line names the API server, which is at such an address, too. */
function findUrl(log: string): string | null {
  return /"url":"(http:\/\/127\.0\.0\.1:\d+)"/.exec(log)?.[1] ?? null;
}

async function isReady(url: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false; // not listening yet, or not any more
  }
}
