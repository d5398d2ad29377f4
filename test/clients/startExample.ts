/** Runs the example of one client, and reads the tokens that it prints. */

import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import type { ExampleClient } from './prepareClients.ts';

export interface RunningExample {
  /** Of each grant, as they came. */
  tokens(): readonly number[];
  stderr(): string;
  /** The exit code; null for one that was killed. */
  exited(): Promise<number | null>;
}

export function startExample(client: ExampleClient, options: Readonly<Record<string, string>>): RunningExample {
  const flags = Object.entries(options).flatMap(([name, value]) => [`${client.dash}${name}`, value]);
  const child = spawn(client.command, [...client.args, ...flags], { env: { ...process.env, ...client.environment } });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    output.stdout += text;
  });
  child.stderr.on('data', (text) => {
    output.stderr += text;
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
  // It is asked for later.
  exited.catch(() => {});
  return {
    tokens: () => [...output.stdout.matchAll(/^token (\d+)$/gm)].map(([, token]) => Number(token)),
    stderr: () => output.stderr,
    exited: () => exited,
  };
}
