/** Runs `zen-flow graph`: draws the steps of a flow before it runs, or as it has run. */

import type { flowCommands } from '../../lib/config/flowCommands.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { openOutput } from '../output.ts';
import { readOneFlow } from './readFlowFile.ts';
import { renderFlowHtml } from './renderFlowHtml.ts';
import { renderGraph } from './renderGraph.ts';
import { renderMermaid } from './renderMermaid.ts';

export async function graph({
  file,
  output: format,
}: ValuesOf<(typeof flowCommands)['graph']['settings']>): Promise<void> {
  const flow = await readOneFlow(file);
  const output = openOutput(process.stdout, true);
  if (format === 'html') return output.lines(renderFlowHtml(flow));
  await output.lines(format === 'mermaid' ? renderMermaid(flow) : renderGraph(flow));
}
