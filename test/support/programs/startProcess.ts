/**
 * Starts one program of a test and makes sure that it ends with the test.
 *
 * Guarantees: output goes to `<directory>/<name>.log`. After `stop` the program has ended, with
 * whatever it started (npx starts a shell that starts Node). It also ends when the test process
 * dies in any way, SIGKILL included. A small `sh` holds the other end of a pipe and kills the
 * program's process group when the pipe closes.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StartOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Where the log goes. */
  readonly directory: string;
  /** Default: the directory of the log. */
  readonly workingDirectory?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface RunningProcess {
  readonly name: string;
  /** Also the id of its process group. */
  readonly pid: number;
  /** The exit code, or the signal that ended it; undefined while it runs. */
  ended(): number | string | undefined;
  /** Everything that it has printed so far. */
  log(): string;
  /** To the whole process group, as Ctrl-C on a terminal or a container runtime would. */
  signal(signal: NodeJS.Signals): void;
  /** Sends the signal, waits, then SIGKILL. Resolves to how it ended. */
  stop(signal?: NodeJS.Signals, patienceMs?: number): Promise<number | string>;
}

export function startProcess(options: StartOptions): RunningProcess {
  const { name, command, args, directory } = options;
  const logFile = join(directory, `${name}.log`);
  const output = openSync(logFile, 'a');
  const child = spawn(command, [...args], {
    cwd: options.workingDirectory ?? directory,
    env: { ...(options.environment ?? process.env) },
    stdio: ['ignore', output, output],
    detached: true, // a process group of its own
  });
  closeSync(output);
  if (child.pid === undefined) throw new Error(`${command} cannot be started`);
  const pid = child.pid;
  const lifeline = startLifeline(pid);

  const send = (signal: NodeJS.Signals): void => {
    if (ended === undefined) process.kill(-pid, signal);
  };

  let ended: number | string | undefined;
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = code ?? signal ?? -1;
      lifeline.kill('SIGKILL');
      resolve(ended);
    });
  });

  return {
    name,
    pid,
    ended: () => ended,
    log: () => readFileSync(logFile, 'utf8'),
    signal: send,
    async stop(signal = 'SIGTERM', patienceMs = 10_000) {
      send(signal);
      const patience = new AbortController();
      const late = sleep(patienceMs, undefined, { signal: patience.signal }).then(
        () => send('SIGKILL'),
        () => {}, // it ended in time
      );
      const how = await exited;
      patience.abort();
      await late;
      return how;
    },
  };
}

/**
 * A session of its own, so that Ctrl-C on a terminal does not end the lifeline before what it
 * watches.
 */
function startLifeline(pid: number): ChildProcess {
  const script = 'read -r _; kill -9 "-$1" 2>/dev/null';
  const lifeline = spawn('/bin/sh', ['-c', script, 'lifeline', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  lifeline.unref();
  return lifeline;
}
