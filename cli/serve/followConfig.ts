/**
 * Reads the file of `--config` again when it changes, and applies what can change in a running
 * process: the level of the log.
 *
 * Guarantees: a file that cannot be read, or has a value that is refused, changes nothing and is
 * one error in the log. What waits for a restart is named, once for each change.
 * Does not guarantee a time: the kubelet may take over a minute to change a mounted ConfigMap.
 * Source: https://kubernetes.io/docs/concepts/configuration/configmap/ (mounted ConfigMaps)
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { commands } from '../../lib/config/commands.ts';
import type { Command, Settings } from '../../lib/config/setting.ts';
import type { AdjustableLogger } from '../../lib/telemetry/logger.ts';

/** Values of a command that follows its file. */
interface Followed {
  readonly config: string | undefined;
  readonly logLevel: string;
}

/** What the command line says now. */
type Line =
  | { readonly kind: 'help' | 'version' }
  | { readonly kind: 'command'; readonly name: string; readonly values: object };

/**
 * The kubelet moves a symbolic link above the file, of which a watch of the file learns nothing.
 * Reading takes less than a millisecond.
 */
const POLL_INTERVAL_MS = 5_000;

interface FollowOptions {
  readonly values: Followed;
  readonly readSettings: () => Promise<Line>;
  readonly log: AdjustableLogger;
  /** Of the program; those of zen-lead where absent. */
  readonly commands?: Readonly<Record<string, Command>>;
  readonly pollIntervalMs?: number;
}

export function followConfig(options: FollowOptions): { close(): void } {
  const { values, readSettings, log, pollIntervalMs = POLL_INTERVAL_MS } = options;
  const { config } = values;
  const table: Readonly<Record<string, Command>> = options.commands ?? commands;
  if (config === undefined) return { close: () => undefined };
  const stop = new AbortController();
  let known: object = values;
  let refusal = '';

  async function reread(): Promise<void> {
    const line = await readSettings();
    refusal = '';
    if (line.kind !== 'command' || !('logLevel' in line.values)) return;
    const changed = changedFlags(table[line.name]?.settings ?? {}, known, line.values);
    known = line.values;
    if (changed.length === 0) return;
    log.level = String(line.values.logLevel);
    const waiting = changed.filter((flag) => flag !== 'log-level');
    if (waiting.length === 0) log.info({ config, changed }, 'settings changed');
    else log.warn({ config, changed, waiting }, 'settings changed; some wait for a restart');
  }

  function refuse(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    if (text !== refusal) log.error({ config, err: error }, 'settings cannot be read; the earlier ones stay');
    refusal = text;
  }

  async function poll(): Promise<void> {
    for (;;) {
      await sleep(pollIntervalMs, undefined, { ref: false, signal: stop.signal });
      await reread().catch(refuse);
    }
  }
  // It ends only by close().
  void poll().catch(() => undefined);
  return { close: () => stop.abort() };
}

function changedFlags(settings: Settings, before: object, now: object): readonly string[] {
  const old = new Map(Object.entries(before));
  return Object.entries(now)
    .filter(([key, value]) => !isDeepStrictEqual(value, old.get(key)))
    .map(([key]) => settings[key]?.flag ?? key);
}
