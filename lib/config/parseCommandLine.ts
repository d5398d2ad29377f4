/**
 * The one reader of arguments and environment: turns both into a command and its typed values. Called by cli/zen-lead.ts,
 * which alone hands them in.
 *
 * Guarantees: a flag wins over a variable, a variable over the default; an empty variable counts as absent, because manifests
 * leave such behind; an unknown command, flag or operand is CONFIG_INVALID with what is accepted in the message.
 */

import { parseArgs } from 'node:util';
import { type Command, type CommandName, commands } from './commands.ts';
import { configError, parseValue } from './parseValue.ts';
import type { Setting, ValuesOf } from './setting.ts';

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
  const given = readFlags(name, commands[name], rest);
  if (given.has('help')) return { kind: 'help', command: name };
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries<Setting>(commands[name].settings)) {
    values[key] = readValue(name, setting, given, environment);
  }
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

/** Flag name -> texts, in the order given. A switch has one empty text. */
function readFlags(
  name: CommandName,
  command: Command,
  args: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const switches = new Set(['help']);
  const flags = new Set(['help']);
  for (const { flag, kind } of Object.values(command.settings)) {
    if (flag === undefined) continue;
    flags.add(flag);
    if (kind === 'switch') switches.add(flag);
  }
  const options = Object.fromEntries(
    [...flags].map((flag) => [flag, switches.has(flag) ? { type: 'boolean' as const } : { type: 'string' as const }]),
  );
  // Not strict: parseArgs' own messages do not say what would be accepted.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional')
      throw configError(`zen-lead ${name} takes no operand, but was given "${token.value}"`);
    if (token.kind !== 'option') continue;
    const flag = token.rawName === '-h' ? 'help' : token.name;
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
  return given;
}

function readValue(
  name: CommandName,
  setting: Setting,
  given: ReadonlyMap<string, readonly string[]>,
  environment: Environment,
): unknown {
  const texts = setting.flag === undefined ? undefined : given.get(setting.flag);
  if (texts !== undefined) {
    if (texts.length > 1 && setting.kind !== 'list')
      throw configError(`--${setting.flag}: is given ${texts.length} times`);
    return parseValue(setting, `--${setting.flag}`, texts);
  }
  for (const variable of setting.env ?? []) {
    const text = environment[variable];
    if (text === undefined || text === '') continue;
    return parseValue(setting, `$${variable}`, [text]);
  }
  if (setting.kind === 'switch') return false;
  if (setting.kind === 'list') return [];
  if (setting.kind === 'extensions') return {};
  if ('default' in setting) return setting.default;
  if ('required' in setting) {
    const ways = [`--${setting.flag} ${setting.placeholder}`, ...(setting.env ?? []).map((one) => `$${one}`)];
    throw configError(`zen-lead ${name} needs ${ways.join(' or ')}`);
  }
  return undefined;
}
