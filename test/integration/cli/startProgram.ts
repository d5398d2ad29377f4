/**
 * Runs `zen-lead` as a user would, as a process of its own, for the tests of this folder.
 *
 * Guarantees: never inherits a cluster from the environment of whoever runs the tests; ended with the test that started it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const entry = fileURLToPath(new URL('../../../cli/zen-lead.ts', import.meta.url));

export interface Program {
  readonly process: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves with the first line of standard output that contains `text`, also when it is already there. */
  waitForLine(text: string, withinMs?: number): Promise<string>;
  /** Exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
}

export function startProgram(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Program {
  const child = spawn(process.execPath, [entry, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exited = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    exited,
    waitForLine(text, withinMs = 10_000) {
      return new Promise((resolve, reject) => {
        const find = () => stdout.split('\n').find((line) => line.includes(text));
        const settle = () => {
          clearTimeout(timer);
          child.stdout.off('data', check);
          child.off('close', fail);
        };
        const check = () => {
          const line = find();
          if (line === undefined) return;
          settle();
          resolve(line);
        };
        const fail = () => {
          settle();
          reject(new Error(`no line with "${text}" in:\n${stdout}\n${stderr}`));
        };
        const timer = setTimeout(fail, withinMs);
        child.stdout.on('data', check);
        child.on('close', fail);
        check();
      });
    },
  };
}
