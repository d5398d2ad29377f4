/**
 * Prints what a program says of itself: its help, or its version. Both programs load it with what
 * it needs only when they are asked.
 */

import type { Program } from '../lib/config/program.ts';
import { renderHelp } from '../lib/config/renderHelp.ts';
import { build } from '../lib/telemetry/build.ts';

export function printAbout(
  line: { readonly kind: 'help'; readonly command: string | null } | { readonly kind: 'version' },
  program: Program,
): void {
  process.stdout.write(line.kind === 'help' ? renderHelp(line.command, program) : `${build.version}\n`);
}
