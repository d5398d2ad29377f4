/**
 * Renders `zen-lead --help` and `zen-lead <command> --help` from the tables, and those of zen-flow.
 *
 * Guarantees: a line has at most 80 columns.
 */

import { exitCodes } from './exitCode.ts';
import { renderOperand } from './parseCommandLine.ts';
import { type Program, zenLead } from './program.ts';
import type { Setting } from './setting.ts';
import { wrap } from './wrap.ts';

const COLUMNS = 80;
/** Where the explanations start: after `  --dead-letter-sink URL  `. */
const INDENT = 28;

export function renderHelp(command: string | null, program: Program = zenLead): string {
  return command === null ? renderProgramHelp(program) : renderCommandHelp(program, command);
}

function renderProgramHelp({ name: program, about, commands }: Program): string {
  return [
    `${program}: ${about}`,
    '',
    `Usage: ${program} <command> [options]`,
    '',
    'Commands:',
    ...Object.entries(commands).flatMap(([name, { summary }]) => row(name, summary)),
    '',
    `${program} <command> --help shows its options, ${program} --version the version.`,
    '',
    'Exit codes:',
    ...exitCodes.flatMap(({ code, meaning }) => row(String(code), meaning)),
    '',
  ].join('\n');
}

function renderCommandHelp({ name: program, commands }: Program, name: string): string {
  const { summary, settings } = commands[name] ?? { summary: '', settings: {} };
  const rows = Object.values<Setting>(settings);
  const operands = rows.filter((setting) => setting.operand);
  const options = rows.filter((setting) => setting.flag !== undefined);
  const variables = rows.filter((setting) => setting.flag === undefined && !setting.operand);
  return [
    ...wrap(`${program} ${name}: ${summary}`, COLUMNS),
    '',
    `Usage: ${program} ${name}${rows.map(renderRequired).join('')} [options]`,
    '',
    ...operands.flatMap((setting) => row(renderOperand(setting), `${renderMeaning(setting)}${renderOrigin(setting)}`)),
    ...(operands.length === 0 ? [] : ['']),
    'Options:',
    ...options.flatMap((setting) => row(renderFlag(setting), `${renderMeaning(setting)}${renderOrigin(setting)}`)),
    ...row('--help', 'This text.'),
    ...(variables.length === 0 ? [] : ['', 'Environment:']),
    ...variables.flatMap((setting) => row((setting.env ?? []).join(' '), renderMeaning(setting))),
    '',
  ].join('\n');
}

export function renderFlag(setting: Setting): string {
  const flag = setting.short === undefined ? `--${setting.flag}` : `-${setting.short}, --${setting.flag}`;
  return 'placeholder' in setting ? `${flag} ${setting.placeholder}` : flag;
}

function renderMeaning(setting: Setting): string {
  return 'absent' in setting ? `${setting.meaning} Without it, ${setting.absent}.` : setting.meaning;
}

function renderRequired(setting: Setting): string {
  if (setting.operand) return 'required' in setting ? ` ${renderOperand(setting)}` : ` [${renderOperand(setting)}]`;
  return 'required' in setting ? ` ${renderFlag(setting)}` : '';
}

function renderOrigin(setting: Setting): string {
  const facts = [
    ...(setting.kind === 'choice' ? [`one of ${setting.choices.join(', ')}`] : []),
    ...('default' in setting ? [`default: ${setting.default}`] : []),
    ...('emptyMeans' in setting ? [`default: ${setting.emptyMeans}`] : []),
    ...(setting.env ?? []).map((variable) => `$${variable}`),
  ];
  return facts.length === 0 ? '' : ` (${facts.join('; ')})`;
}

function row(head: string, text: string): readonly string[] {
  const left = `  ${head}`;
  const [first = '', ...more] = wrap(text, COLUMNS - INDENT);
  const fits = left.length < INDENT - 1;
  const opening = fits ? [`${left.padEnd(INDENT)}${first}`] : [left, `${' '.repeat(INDENT)}${first}`];
  return [...opening, ...more.map((line) => `${' '.repeat(INDENT)}${line}`)];
}
