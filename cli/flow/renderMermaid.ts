/**
 * Renders a flow as a Mermaid flowchart, for a README.
 *
 * Guarantees: whatever a name or a condition holds, it cannot end the text of its node.
 * Source: https://mermaid.js.org/syntax/flowchart.html (shapes, entity codes)
 */

import type { FlowSpec, Step } from '../../lib/flow/spec/flowSpec.ts';
import { orderSteps } from '../../lib/flow/spec/order.ts';

export function renderMermaid({ steps, finally: final }: FlowSpec): string {
  const names = [...orderSteps(steps).sorted, ...orderSteps(final).sorted];
  const idOf = (name: string) => `s${names.indexOf(name)}`;
  const byName = new Map([...steps, ...final].map((step) => [step.name, step]));
  const nodesOf = (list: readonly Step[]) =>
    names.flatMap((name) =>
      list.some((step) => step.name === name) ? [renderNode(idOf(name), byName.get(name))] : [],
    );
  const edges = names.flatMap((name) =>
    [...(byName.get(name)?.dependencies ?? [])].sort().map((each) => `  ${idOf(each)} --> ${idOf(name)}`),
  );
  const last = final.length === 0 ? [] : ['  subgraph finally', ...nodesOf(final).map((line) => `  ${line}`), '  end'];
  return ['flowchart LR', ...nodesOf(steps), ...last, ...edges].join('\n');
}

function renderNode(id: string, step: Step | undefined): string {
  const lines = [step?.name ?? '', ...(step?.when ? [`when ${step.when}`] : [])];
  const text = lines.map(escapeText).join('<br>');
  return step?.type === 'Manual' ? `  ${id}{{"${text}"}}` : `  ${id}["${text}"]`;
}

/** Entity codes are written with # instead of &. */
function escapeText(text: string): string {
  return text.replaceAll(/[#"&<>]/g, (character) => `#${character.charCodeAt(0)};`);
}
