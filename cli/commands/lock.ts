/**
 * Runs `zen-lead lock NAME -- COMMAND`: takes a lock, runs the command while it is held, and gives
 * the lock back.
 *
 * The command has the fencing token in ZEN_LEAD_TOKEN. A signal that ends zen-lead goes to the
 * command, which ends by itself. A lock that is lost, or about to end, ends the command: SIGTERM a
 * second before, then SIGKILL.
 *
 * Guarantees: the exit code is that of the command, and 1 where the lock was not granted or lost.
 * Does not guarantee that the command has stopped when the next holder begins: it may be paused.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { createLockClient, type HeldLock, LockError } from '../../clients/typescript/lockClient.ts';
import type { Values } from '../../lib/config/parseCommandLine.ts';
import { configError } from '../../lib/config/parseValue.ts';
import { ZenLeadError } from '../../lib/errors.ts';
import { readOwnNamespace } from '../../lib/kube/serviceAccount.ts';

/** What is left of the grant when its signal aborts. */
const KILL_AFTER_MS = 1_000;
/** As shells report a process that a signal ended. */
const SIGNAL_EXIT = 128;
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

export async function lock(
  values: Values<'lock'>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const { namespace, name } = await toLockKey(values.lock, values.namespace);
  const key = `${namespace}/${name}`;
  const { apiTokenFile, ttlSeconds, waitSeconds, lockDelaySeconds, command } = values;
  const client = createLockClient({
    url: values.apiUrl,
    ...(apiTokenFile !== undefined && { readToken: () => readFile(apiTokenFile, 'utf8') }),
  });
  const stop = new AbortController();
  let child: ChildProcess | null = null;
  // For as long as the command runs, a signal is its own affair.
  const onSignal = (signal: NodeJS.Signals): void => {
    if (child === null) stop.abort(new LockError('STOPPED', `stopped by ${signal} while waiting for ${key}`));
    else child.kill(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal);
  const work = ({ token, signal }: HeldLock): Promise<number> => {
    const [file = '', ...args] = command;
    const env = { ...environment, ZEN_LEAD_TOKEN: String(token), ZEN_LEAD_LOCK: key };
    const started = spawn(file, args, { stdio: 'inherit', env });
    child = started;
    return untilExit(started, signal);
  };
  try {
    const holder = values.holder ?? hostname();
    const wish = { namespace, name, holder, ttlSeconds, waitSeconds, lockDelaySeconds, signal: stop.signal };
    process.exitCode = await client.withLock(wish, work);
  } catch (error) {
    throw error instanceof LockError
      ? new ZenLeadError('REFUSED', `lock ${key}: ${error.message}`, { retry: 'later', cause: error })
      : error;
  }
}

/** The api knows which names a Lease can have. */
async function toLockKey(
  text: string,
  byDefault: string | undefined,
): Promise<{ readonly namespace: string; readonly name: string }> {
  const parts = text.split('/');
  const [namespace = '', name = ''] =
    parts.length === 1 ? [byDefault ?? (await readOwnNamespace()) ?? 'default', text] : parts;
  if (namespace !== '' && name !== '' && parts.length <= 2) return { namespace, name };
  throw configError(`"${text}" does not name a lock; write NAME or NAMESPACE/NAME, for instance default/reports`);
}

function untilExit(child: ChildProcess, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    let kill: NodeJS.Timeout | undefined;
    const onLost = (): void => {
      child.kill('SIGTERM');
      kill = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    };
    if (signal.aborted) onLost();
    else signal.addEventListener('abort', onLost, { once: true });
    child.once('error', reject);
    child.once('exit', (code, ended) => {
      clearTimeout(kill);
      signal.removeEventListener('abort', onLost);
      resolve(code ?? SIGNAL_EXIT + (SIGNAL_NUMBERS[ended ?? ''] ?? 0));
    });
  });
}
