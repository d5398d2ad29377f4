/**
 * Program: one command line tool of this package, with the commands that it has.
 */

import { commands } from './commands.ts';
import { flowCommands } from './flowCommands.ts';
import type { Command } from './setting.ts';

export interface Program {
  readonly name: string;
  /** The first line of its help, after its name. */
  readonly about: string;
  readonly commands: Readonly<Record<string, Command>>;
}

export const zenLead = {
  name: 'zen-lead',
  about: '<service>-leader routes to exactly one Ready pod of <service>.',
  commands,
} as const satisfies Program;

export const zenFlow = {
  name: 'zen-flow',
  about: 'a flow is a graph of Kubernetes Jobs.',
  commands: flowCommands,
} as const satisfies Program;
