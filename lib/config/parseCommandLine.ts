/**
 * Turns arguments, environment and the file of `--config` into a command and its typed values.
 * Nothing else reads arguments or environment.
 *
 * Guarantees: a flag wins over a variable, a variable over the file, and the file over the default.
 * An empty variable counts as absent, because manifests leave such behind. A list in a variable has
 * commas. An unknown command, flag, operand or key of the file is CONFIG_INVALID, and the message
 * says what is accepted.
 */

import { parseArgs } from 'node:util';
import type { CommandName, commands } from './commands.ts';
import type { ConfigEntry, ConfigFile } from './configFile.ts';
import { configError, parseValue } from './parseValue.ts';
import { type Program, zenLead } from './program.ts';
import type { Command, Setting, ValuesOf } from './setting.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Values<Name extends CommandName> = ValuesOf<(typeof commands)[Name]['settings']>;

export type CommandLineOf<P extends Program> =
  | { readonly kind: 'help'; readonly command: (keyof P['commands'] & string) | null }
  | { readonly kind: 'version' }
  | {
      [Name in keyof P['commands'] & string]: {
        readonly kind: 'command';
        readonly name: Name;
        readonly values: ValuesOf<P['commands'][Name]['settings']>;
      };
    }[keyof P['commands'] & string];

export type CommandLine = CommandLineOf<typeof zenLead>;

/** The file that the arguments name, for readConfigFile. */
export function configPathOf([name = '', ...args]: readonly string[], program: Program = zenLead): string | undefined {
  const command = commandOf(program, name);
  if (command === undefined || !('config' in command.settings)) return undefined;
  return readArguments(program, name, command, args).flags.get('config')?.[0];
}

export function parseCommandLine(
  args: readonly string[],
  environment: Environment,
  file: ConfigFile = new Map(),
): CommandLine {
  return readCommandLine(zenLead, args, environment, file);
}

export function readCommandLine<P extends Program>(
  program: P,
  args: readonly string[],
  environment: Environment,
  file: ConfigFile = new Map(),
): CommandLineOf<P> {
  // The table gives name and values together; the type system cannot follow a loop over its keys.
  return readLine(program, args, environment, file) as unknown as CommandLineOf<P>;
}

function readLine(program: Program, args: readonly string[], environment: Environment, file: ConfigFile): object {
  const [first, ...rest] = args;
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    const about = rest[0];
    if (about !== undefined) takeCommand(program, about);
    return { kind: 'help', command: about ?? null };
  }
  if (first === '--version' || first === '-v' || first === 'version') return { kind: 'version' };
  const command = takeCommand(program, first);
  const invoked = { program: program.name, name: first, command };
  const { flags, operands } = readArguments(program, first, command, rest);
  if (flags.has('help')) return { kind: 'help', command: first };
  for (const [key, { origin }] of file) refuseUnknownKey(invoked, key, origin);
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries<Setting>(command.settings)) {
    const texts = setting.operand ? takeOperand(setting, operands) : flags.get(setting.flag ?? '');
    values[key] = readValue(invoked, setting, texts, environment, file);
  }
  if (operands[0] !== undefined) throw tooManyOperands(invoked, operands[0]);
  return { kind: 'command', name: first, values };
}

interface Invoked {
  readonly program: string;
  readonly name: string;
  readonly command: Command;
}

function takeCommand(program: Program, text: string): Command {
  const command = commandOf(program, text);
  if (command !== undefined) return command;
  const what = text.startsWith('-') ? 'option' : 'command';
  throw configError(`unknown ${what} "${text}"; the commands are ${Object.keys(program.commands).join(', ')}`);
}

function commandOf({ commands }: Program, text: string): Command | undefined {
  return Object.hasOwn(commands, text) ? commands[text] : undefined;
}

interface Arguments {
  /** Flag name -> texts, in the order given. A switch has one empty text. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** In the order given. */
  readonly operands: string[];
}

function readArguments(program: Program, name: string, command: Command, args: readonly string[]): Arguments {
  const invoked = { program: program.name, name, command };
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
    if (token.kind === 'positional' && !takesOperands) throw tooManyOperands(invoked, token.value);
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = token.name;
    if (!flags.has(flag)) {
      const accepted = [...flags].map((one) => `--${one}`).join(', ');
      throw configError(`unknown option "${token.rawName}"; ${program.name} ${name} takes ${accepted}`);
    }
    if (switches.has(flag) && token.value !== undefined) throw configError(`--${flag}: takes no value`);
    // `--port --help` is a forgotten value, not a port named "--help"; `--sink=-x` stays possible.
    const isForgotten = token.value === undefined || (token.value.startsWith('--') && token.inlineValue === false);
    if (!switches.has(flag) && isForgotten) throw configError(`--${flag}: a value must follow`);
    given.set(flag, [...(given.get(flag) ?? []), token.value ?? '']);
  }
  return { flags: given, operands };
}

function refuseUnknownKey({ program, name, command }: Invoked, key: string, origin: string): void {
  const flags = Object.values<Setting>(command.settings).flatMap(({ flag }) => flag ?? []);
  const keys = flags.filter((flag) => flag !== 'config');
  if (!keys.includes(key))
    throw configError(`${origin}: is no setting of ${program} ${name}; it takes ${keys.join(', ')}`);
}

/**
 * A text in place of a number is what templates write. A number in place of a text is not taken:
 * YAML reads 0755 and 1.10 otherwise than they look.
 */
function readEntry(setting: Setting, { origin, values, isList }: ConfigEntry): unknown {
  const [value] = values;
  if (setting.kind === 'switch') {
    if (!isList && typeof value === 'boolean') return value;
    throw configError(
      `${origin}: ${JSON.stringify(isList ? values : value)} is neither true nor false, without quotes`,
    );
  }
  if (isList && setting.kind !== 'list') throw configError(`${origin}: takes one value, not a list`);
  const accepts = setting.kind === 'integer' ? ['string', 'number'] : ['string'];
  for (const one of values) {
    if (!accepts.includes(typeof one))
      throw configError(`${origin}: ${one} is a ${typeof one}; write a text, in quotes`);
  }
  return values.length === 0 ? [] : parseValue(setting, origin, values.map(String));
}

/** A list takes all that are left. */
function takeOperand({ kind }: Setting, operands: string[]): readonly string[] | undefined {
  if (operands.length === 0) return undefined;
  return operands.splice(0, kind === 'list' ? operands.length : 1);
}

function tooManyOperands({ program, name, command }: Invoked, operand: string): Error {
  const places = Object.values<Setting>(command.settings).filter((setting) => setting.operand);
  const takes = places.length === 0 ? 'no operand' : `no more than ${places.map(renderOperand).join(' ')}`;
  return configError(`${program} ${name} takes ${takes}, but was given "${operand}"`);
}

/** How help and messages name a setting that stands without a flag: `FILE...`. */
export function renderOperand(setting: Setting): string {
  const name = 'placeholder' in setting ? setting.placeholder : '';
  return setting.kind === 'list' ? `${name}...` : `${name}`;
}

function readValue(
  { program, name }: Invoked,
  setting: Setting,
  texts: readonly string[] | undefined,
  environment: Environment,
  file: ConfigFile,
): unknown {
  const origin = setting.operand ? renderOperand(setting) : `--${setting.flag}`;
  if (texts !== undefined) {
    if (texts.length > 1 && setting.kind !== 'list') throw configError(`${origin}: is given ${texts.length} times`);
    return parseValue(setting, origin, texts);
  }
  for (const variable of setting.env ?? []) {
    const text = environment[variable];
    if (text === undefined || text === '') continue;
    return parseValue(setting, `$${variable}`, setting.kind === 'list' ? text.split(',') : [text]);
  }
  const entry = file.get(setting.flag ?? '');
  if (entry !== undefined) return readEntry(setting, entry);
  if ('required' in setting) {
    const way = setting.operand ? origin : `${origin} ${setting.placeholder}`;
    throw configError(`${program} ${name} needs ${[way, ...(setting.env ?? []).map((one) => `$${one}`)].join(' or ')}`);
  }
  if (setting.kind === 'switch') return false;
  if (setting.kind === 'list') return [];
  if (setting.kind === 'extensions') return {};
  return 'default' in setting ? setting.default : undefined;
}
