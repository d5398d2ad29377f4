/**
 * inNameOf: the rows that two programs share, in the name of the one that shows them.
 *
 * The rows speak of zen-lead, which they were written for.
 */

import type { Command, Setting } from './setting.ts';

const prose: ReadonlySet<string> = new Set(['meaning', 'why', 'absent', 'zero']);

/** The same commands: no value, flag or variable is another one. */
export function inNameOf<C extends Readonly<Record<string, Command>>>(program: string, commands: C): C {
  const rename = (setting: Setting): object =>
    mapValues(setting, (text, field) =>
      typeof text === 'string' && prose.has(field) ? text.replaceAll('zen-lead', program) : text,
    );
  return mapValues(commands, (command) => ({ ...command, settings: mapValues(command.settings, rename) })) as C;
}

function mapValues<T>(values: Readonly<Record<string, T>> | Setting, map: (value: T, key: string) => unknown): object {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value, key)]));
}
