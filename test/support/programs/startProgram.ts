/**
 * Runs `zen-lead` as a user would, as a process of its own.
 *
 * Guarantees: never inherits a cluster from the environment of the test run. It ends with the test
 * that started it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';

const entry = fileURLToPath(new URL('../../../cli/zen-lead.ts', import.meta.url));
/**
 * The compile cache that programs share. A start then costs half of the processor's time, because
 * Node strips the types and compiles each file once. Absent where coverage is measured, because
 * cached code is measured less precisely.
 * Source: https://nodejs.org/docs/latest-v24.x/api/module.html#module-compile-cache
 */
const compileCache = fileURLToPath(new URL('../../../node_modules/.cache/compiled', import.meta.url));

/** The environment of a spawned program, with what Node itself needs and no cluster. */
export function programEnvironment(): Record<string, string> {
  const coverage = process.env['NODE_V8_COVERAGE'];
  const path = process.env['PATH'] ?? '';
  return coverage === undefined
    ? { PATH: path, NODE_COMPILE_CACHE: compileCache }
    : { PATH: path, NODE_V8_COVERAGE: join(coverage, randomUUID()) };
}

/**
 * Hands over what a program has measured of itself. A worker reads all that lies in its directory
 * at the end of a file of tests, and half a file would fail it. So each program writes to a
 * directory of its own, and only what one has written that ended by itself is moved.
 */
function handOverCoverage(code: number | null, from: string | undefined): void {
  const to = process.env['NODE_V8_COVERAGE'];
  if (code === null || from === undefined || to === undefined) return;
  mkdirSync(from, { recursive: true });
  for (const file of readdirSync(from)) renameSync(join(from, file), join(to, file));
}

export interface Program {
  readonly process: ChildProcess;
  stdout(): string;
  stderr(): string;
  /**
   * Resolves with the first line of standard output that contains `text`, also when it is already
   * there.
   */
  waitForLine(text: string, withinMs?: number): Promise<string>;
  /** Exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** `file` is the program: the checkout's entry, or a bundle. */
export function startProgram(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  file = entry,
): Program {
  const env: Record<string, string> = { ...programEnvironment(), ...environment };
  const child = spawn(process.execPath, [file, ...args], {
    env,
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
  const exited = new Promise<number | null>((resolve) =>
    child.on('close', (code) => {
      handOverCoverage(code, env['NODE_V8_COVERAGE']);
      resolve(code);
    }),
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    exited,
    waitForLine(text, withinMs = 60_000) {
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

/** The address in the line `started`. */
export async function readUrl(program: Program): Promise<string> {
  const line: unknown = JSON.parse(await program.waitForLine('"msg":"started"'));
  if (typeof line !== 'object' || line === null || !('url' in line)) throw new Error('no url in the line');
  return String(line.url);
}

/** Kubernetes kills after 30 s. Nearly all of that is for a busy machine. */
const STOP_WITHIN_MS = 25_000;

export async function expectGracefulStop(program: Program): Promise<void> {
  const stoppedAt = performance.now();
  program.process.kill('SIGTERM');
  const code = await program.exited;
  expect({ code, stderr: program.stderr() }).toEqual({ code: 0, stderr: '' });
  expect(performance.now() - stoppedAt).toBeLessThan(STOP_WITHIN_MS);
}

export async function readStatus(url: string, request: RequestInit = {}): Promise<number> {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(30_000) });
  await response.text();
  return response.status;
}
