/**
 * Command: one row of the table of commands.
 */

import type { Settings } from './setting.ts';

export interface Command {
  readonly summary: string;
  readonly settings: Settings;
}
