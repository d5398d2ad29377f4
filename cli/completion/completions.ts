/**
 * Lists what can be completed, from the table of commands. Each shell's script is made of it.
 */

import { commands } from '../../lib/config/commands.ts';
import type { Command, Setting } from '../../lib/config/setting.ts';

export interface CommandCompletion {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly FlagCompletion[];
  /** What may stand without a flag. */
  readonly operand: ValueCompletion;
}

export interface FlagCompletion {
  readonly flag: string;
  readonly short: string | null;
  readonly meaning: string;
  /** `none` for a switch. */
  readonly value: ValueCompletion | { readonly kind: 'none' };
}

export type ValueCompletion =
  | { readonly kind: 'file' }
  | { readonly kind: 'choices'; readonly choices: readonly string[] }
  /** An annotated Service, or one of its elections: the cluster is asked. */
  | { readonly kind: 'service' }
  /** Something that no shell can know. */
  | { readonly kind: 'any' };

/**
 * Prints NAMESPACE/SERVICE[/ELECTION[/SLOT]], one a line, as each command takes them: the first two
 * columns of the table of status. A cluster that does not answer gives none. Without a single
 * quote, so that it can stand in a quoted word.
 */
export function servicesCommand(program: string): string {
  return `${program} status 2>/dev/null | while read -r ns name rest; do case $ns in NAMESPACE) ;; *) echo "$ns/$name" ;; esac; done`;
}

export function listCompletions(): readonly CommandCompletion[] {
  return Object.entries<Command>(commands).map(([name, { summary, settings }]) => {
    const rows = Object.values<Setting>(settings);
    const operand = rows.find((row) => row.operand);
    return {
      name,
      summary,
      flags: rows.flatMap((row) => toFlag(row) ?? []),
      operand: operand === undefined ? { kind: 'any' } : toValue(operand),
    };
  });
}

function toFlag(setting: Setting): FlagCompletion | null {
  const { flag, short = null, meaning, kind } = setting;
  if (flag === undefined) return null;
  return { flag, short, meaning, value: kind === 'switch' ? { kind: 'none' } : toValue(setting) };
}

function toValue(setting: Setting): ValueCompletion {
  if (setting.kind === 'choice') return { kind: 'choices', choices: setting.choices };
  const placeholder = 'placeholder' in setting ? setting.placeholder : '';
  if (placeholder === 'NAMESPACE/SERVICE') return { kind: 'service' };
  return placeholder === 'FILE' ? { kind: 'file' } : { kind: 'any' };
}
