/** Runs the program of one SDK, and asks it to send. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Sdk } from './prepareSdks.ts';

export type Mode = 'structured' | 'binary' | 'bytes';

export interface SdkAnswer {
  readonly status: number;
  readonly event: Readonly<Record<string, unknown>> | null;
}

export interface RunningSdk {
  /** Where it receives events: a sink with a path. */
  readonly url: string;
  readonly received: readonly unknown[];
  send(url: string, mode: Mode, event: object): Promise<SdkAnswer>;
  stop(): Promise<void>;
}

export async function startSdk({ command, args, environment }: Sdk): Promise<RunningSdk> {
  const child = spawn(command, args, { env: { ...process.env, ...environment }, stdio: ['pipe', 'pipe', 'inherit'] });
  const received: unknown[] = [];
  const waiting: ((answer: SdkAnswer) => void)[] = [];
  const started = Promise.withResolvers<string>();
  child.once('error', started.reject);
  child.once('exit', (code) => started.reject(new Error(`${command} ended with ${code}`)));
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as { url?: string; answer?: SdkAnswer; received?: unknown };
    if (line.url !== undefined) started.resolve(line.url);
    if (line.answer !== undefined) waiting.shift()?.(line.answer);
    if (line.received !== undefined) received.push(line.received);
  });
  const url = await started.promise;
  return {
    url,
    received,
    send(sink, mode, event) {
      const { promise, resolve } = Promise.withResolvers<SdkAnswer>();
      waiting.push(resolve);
      child.stdin.write(`${JSON.stringify({ url: sink, mode, event })}\n`);
      return promise;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
