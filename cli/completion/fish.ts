/**
 * Renders the completion script of fish.
 *
 * Source: https://fishshell.com/docs/current/cmds/complete.html
 */

import { type CommandCompletion, type FlagCompletion, servicesCommand, type ValueCompletion } from './completions.ts';

export function renderFishCompletion(commands: readonly CommandCompletion[]): string {
  return [
    '# fish completion of zen-lead: zen-lead completion fish | source',
    'complete -c zen-lead -f',
    ...commands.flatMap(renderCommand),
    '',
  ].join('\n');
}

function renderCommand({ name, summary, flags, operand }: CommandCompletion): readonly string[] {
  const where = `-n ${quote(`__fish_seen_subcommand_from ${name}`)}`;
  return [
    `complete -c zen-lead -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
    ...flags.map((flag) => `complete -c zen-lead ${where} ${renderFlag(flag)}`),
    ...(operand.kind === 'any' ? [] : [`complete -c zen-lead ${where} ${renderValue(operand)}`]),
  ];
}

function renderFlag({ flag, short, meaning, value }: FlagCompletion): string {
  const names = [...(short === null ? [] : [`-s ${short}`]), `-l ${flag}`, `-d ${quote(meaning)}`];
  if (value.kind === 'none') return names.join(' ');
  // -x asks for an argument, and offers no files for it.
  return [...names, value.kind === 'file' ? '-r' : '-x', renderValue(value)].join(' ').trimEnd();
}

function renderValue(value: ValueCompletion): string {
  if (value.kind === 'choices') return `-a ${quote(value.choices.join(' '))}`;
  // Another shell runs it, so that one text serves all.
  if (value.kind === 'service') return `-a ${quote(`(sh -c ${quote(servicesCommand('zen-lead'))})`)}`;
  return value.kind === 'file' ? '-F' : '';
}

/** Inside single quotes fish escapes the quote and the backslash only. */
function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
