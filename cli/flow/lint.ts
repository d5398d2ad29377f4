/**
 * Runs `zen-flow lint`: names what is wrong with the flows of some files.
 *
 * Guarantees: one line for each problem, as compilers write it, so that editors can jump there. The
 * exit code is 1 where one is an error, or a file has no flow.
 */

import type { flowCommands } from '../../lib/config/flowCommands.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { openOutput } from '../output.ts';
import { readFlowFile } from './readFlowFile.ts';

export async function lint({ files }: ValuesOf<(typeof flowCommands)['lint']['settings']>): Promise<void> {
  const output = openOutput(process.stdout, true);
  for (const file of files) {
    const { flows, problems } = await readFlowFile(file);
    const found = [...problems, ...flows.flatMap((flow) => flow.problems)];
    found.sort((a, b) => a.line - b.line || a.column - b.column);
    for (const { line, column, severity, path, message } of found) {
      await output.line(`${file}:${line}:${column}: ${severity} ${path}: ${message}`);
    }
    const errors = found.filter(({ severity }) => severity === 'error').length;
    if (flows.length === 0 && errors === 0) await output.line(`${file}: has no JobFlow`);
    if (flows.length === 0 || errors > 0) process.exitCode = 1;
    else for (const { name, spec } of flows) await output.line(`${file}: ${name}: ${countSteps(spec)}, no errors`);
  }
}

export function countSteps({
  steps,
  finally: final,
}: {
  readonly steps: readonly unknown[];
  readonly finally: readonly unknown[];
}): string {
  const more = final.length === 0 ? '' : ` and ${final.length} after them`;
  return `${steps.length} ${steps.length === 1 ? 'step' : 'steps'}${more}`;
}
