/**
 * Turns arguments and environment into a command and its typed values. Nothing else reads either of
 * them.
 *
 * Guarantees: a flag wins over a variable, and a variable over the default. An empty variable
 * counts as absent, because manifests leave such behind. An unknown command, flag or operand is
 * CONFIG_INVALID, and the message says what is accepted.
 */

import { parseArgs } from 'node:util';
import { type CommandName, commands } from './commands.ts';
import { configError, parseValue } from './parseValue.ts';
import type { Command, Setting, ValuesOf } from './setting.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Values<Name extends CommandName> = ValuesOf<(typeof commands)[Name]['settings']>;

export type CommandLine =
  | { readonly kind: 'help'; readonly command: CommandName | null }
  | { readonly kind: 'version' }
  | {
      [Name in CommandName]: { readonly kind: 'command'; readonly name: Name; readonly values: Values<Name> };
    }[CommandName];

export function parseCommandLine(args: readonly string[], environment: Environment): CommandLine {
  const [first, ...rest] = args;
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    return { kind: 'help', command: rest[0] === undefined ? null : parseCommandName(rest[0]) };
  }
  if (first === '--version' || first === '-v' || first === 'version') return { kind: 'version' };
  const name = parseCommandName(first);
  const { flags, operands } = readArguments(name, commands[name], rest);
  if (flags.has('help')) return { kind: 'help', command: name };
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries<Setting>(commands[name].settings)) {
    const texts = setting.operand ? takeOperand(setting, operands) : flags.get(setting.flag ?? '');
    values[key] = readValue(name, setting, texts, environment);
  }
  if (operands[0] !== undefined) throw tooManyOperands(name, operands[0]);
  // The table gives name and values together; the type system cannot follow a loop over its keys.
  return { kind: 'command', name, values } as unknown as CommandLine;
}

function parseCommandName(text: string): CommandName {
  if (isCommandName(text)) return text;
  const what = text.startsWith('-') ? 'option' : 'command';
  throw configError(`unknown ${what} "${text}"; the commands are ${Object.keys(commands).join(', ')}`);
}

function isCommandName(text: string): text is CommandName {
  return Object.hasOwn(commands, text);
}

interface Arguments {
  /** Flag name -> texts, in the order given. A switch has one empty text. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** In the order given. */
  readonly operands: string[];
}

function readArguments(name: CommandName, command: Command, args: readonly string[]): Arguments {
  const switches = new Set(['help']);
  const flags = new Set(['help']);
  const shorts = new Map([['help', 'h']]);
  for (const { flag, kind, short } of Object.values(command.settings)) {
    if (flag === undefined) continue;
    flags.add(flag);
    if (kind === 'switch') switches.add(flag);
    if (short !== undefined) shorts.set(flag, short);
  }
  const toOption = (flag: string) => {
    const short = shorts.get(flag);
    const type = switches.has(flag) ? ('boolean' as const) : ('string' as const);
    return [flag, { type, ...(short !== undefined && { short }) }] as const;
  };
  const options = Object.fromEntries([...flags].map(toOption));
  // Not strict: parseArgs' own messages do not say what would be accepted.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const given = new Map<string, string[]>();
  const operands: string[] = [];
  const takesOperands = Object.values(command.settings).some(({ operand }) => operand);
  for (const token of tokens) {
    if (token.kind === 'positional' && !takesOperands) throw tooManyOperands(name, token.value);
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = token.name;
    if (!flags.has(flag)) {
      const accepted = [...flags].map((one) => `--${one}`).join(', ');
      throw configError(`unknown option "${token.rawName}"; zen-lead ${name} takes ${accepted}`);
    }
    if (switches.has(flag) && token.value !== undefined) throw configError(`--${flag}: takes no value`);
    // `--port --help` is a forgotten value, not a port named "--help"; `--sink=-x` stays possible.
    const isForgotten = token.value === undefined || (token.value.startsWith('--') && token.inlineValue === false);
    if (!switches.has(flag) && isForgotten) throw configError(`--${flag}: a value must follow`);
    given.set(flag, [...(given.get(flag) ?? []), token.value ?? '']);
  }
  return { flags: given, operands };
}

/** A list takes all that are left. */
function takeOperand({ kind }: Setting, operands: string[]): readonly string[] | undefined {
  if (operands.length === 0) return undefined;
  return operands.splice(0, kind === 'list' ? operands.length : 1);
}

function tooManyOperands(name: CommandName, operand: string): Error {
  const places = Object.values<Setting>(commands[name].settings).filter((setting) => setting.operand);
  const takes = places.length === 0 ? 'no operand' : `no more than ${places.map(renderOperand).join(' ')}`;
  return configError(`zen-lead ${name} takes ${takes}, but was given "${operand}"`);
}

/** How help and messages name a setting that stands without a flag: `FILE...`. */
export function renderOperand(setting: Setting): string {
  const name = 'placeholder' in setting ? setting.placeholder : '';
  return setting.kind === 'list' ? `${name}...` : `${name}`;
}

function readValue(
  name: CommandName,
  setting: Setting,
  texts: readonly string[] | undefined,
  environment: Environment,
): unknown {
  const origin = setting.operand ? renderOperand(setting) : `--${setting.flag}`;
  if (texts !== undefined) {
    if (texts.length > 1 && setting.kind !== 'list') throw configError(`${origin}: is given ${texts.length} times`);
    return parseValue(setting, origin, texts);
  }
  for (const variable of setting.env ?? []) {
    const text = environment[variable];
    if (text === undefined || text === '') continue;
    return parseValue(setting, `$${variable}`, [text]);
  }
  if ('required' in setting) {
    const way = setting.operand ? origin : `${origin} ${setting.placeholder}`;
    throw configError(`zen-lead ${name} needs ${[way, ...(setting.env ?? []).map((one) => `$${one}`)].join(' or ')}`);
  }
  if (setting.kind === 'switch') return false;
  if (setting.kind === 'list') return [];
  if (setting.kind === 'extensions') return {};
  return 'default' in setting ? setting.default : undefined;
}
