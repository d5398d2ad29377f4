/**
 * Starts `npx zen-lead bridge` or `npx zen-lead functions` against a control plane, in this
 * checkout, as a user would.
 *
 * Guarantees: it is ready (`/readyz`) when this resolves, and names the address that its log names.
 */

import { resolve } from 'node:path';
import { vi } from 'vitest';
import type { ControlPlane } from '../controlPlane/startControlPlane.ts';
import { type RunningProcess, startProcess } from './startProcess.ts';

export interface RunningCommand {
  readonly process: RunningProcess;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** The sum over all labels; `labels` as they stand in the page, `reason="old"` for instance. */
  readMetric(name: string, labels?: string): Promise<number>;
}

const checkout = resolve(import.meta.dirname, '../../..');
/**
 * npx, Node and three LISTs take about 2 s. The rest is for a busy machine with several of them.
 */
const patience = { timeout: 60_000, interval: 50 };

export async function startCommand(
  { kubeconfig, directory }: Pick<ControlPlane, 'kubeconfig' | 'directory'>,
  name: string,
  command: 'run' | 'bridge' | 'functions',
  ...args: readonly string[]
): Promise<RunningCommand> {
  const running = startProcess({
    name,
    command: 'npx',
    args: ['zen-lead', command, '--kubeconfig', kubeconfig, '--port', '0', ...args],
    directory,
    workingDirectory: checkout,
  });
  const url = await vi.waitFor(() => {
    const found = [...running.log().matchAll(/"url":"(http:\/\/127\.0\.0\.1:\d+)/g)].at(-1)?.[1];
    if (found === undefined) throw new Error(`${name} does not say where it listens:\n${running.log()}`);
    return found;
  }, patience);
  await vi.waitFor(async () => {
    const { status } = await fetch(`${url}/readyz`);
    if (status !== 200) throw new Error(`${name} is not ready:\n${running.log()}`);
  }, patience);
  return {
    process: running,
    url,
    async readMetric(metric, labels = '') {
      const page = await (await fetch(`${url}/metrics`)).text();
      const lines = page.split('\n').filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `));
      const values = lines.filter((line) => line.includes(labels)).map((line) => Number(line.split(' ').at(-1)));
      return values.reduce((sum, value) => sum + value, 0);
    },
  };
}
