/** Runs `zen-flow graph`: draws the steps of a flow before it runs. */

import type { flowCommands } from '../../lib/config/flowCommands.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { openOutput } from '../output.ts';
import { readOneFlow } from './readFlowFile.ts';
import { renderGraph } from './renderGraph.ts';
import { renderMermaid } from './renderMermaid.ts';

export async function graph({
  file,
  output: format,
}: ValuesOf<(typeof flowCommands)['graph']['settings']>): Promise<void> {
  const flow = await readOneFlow(file);
  const output = openOutput(process.stdout, true);
  await output.lines(format === 'mermaid' ? renderMermaid(flow.spec) : renderGraph(flow.spec));
}
