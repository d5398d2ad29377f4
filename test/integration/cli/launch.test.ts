/**
 * Starts the `bin` of the package by Node, as a supervisor does, and ends it with SIGTERM.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writeKubeconfig } from '../../../apiserver/writeKubeconfig.ts';
import { aDirectory } from '../../support/programs/aKubeconfig.ts';

const bin = resolve(import.meta.dirname, '../../../cli/launch.mjs');
/**
 * The Node of the system is often older than the program needs: then the bin starts another one.
 */
const systemNode = '/usr/bin/node';

describe('the bin, started by Node', () => {
  it.each([process.execPath, systemNode].filter(canRun))(
    'the bin ends with 0 on SIGTERM and leaves no process behind, started by %s',
    async (node) => {
      const kubeconfig = join(aDirectory(), 'kubeconfig');
      await writeKubeconfig(kubeconfig, 'http://127.0.0.1:9');
      const child = spawn(node, [bin, 'run', '--kubeconfig', kubeconfig, '--port', '0'], {
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true, // a process group of its own, to be ended below
      });
      onTestFinished(() => endGroup(child.pid));
      let log = '';
      const closed = once(child, 'close');
      await new Promise<void>((up) => {
        child.stdout.on('data', (chunk) => {
          log += String(chunk);
          if (log.includes('"url"')) up();
        });
      });
      child.kill('SIGTERM');
      // Its output closes when the last process that holds it has gone.
      const [code] = await closed;
      expect(code).toBe(0);
    },
  );
});

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // None of its processes is left, which is what the test wants.
  }
}

function canRun(node: string): boolean {
  try {
    return execFileSync(node, ['--version']).length > 0;
  } catch {
    return false;
  }
}
