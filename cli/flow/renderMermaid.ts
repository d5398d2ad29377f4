/**
 * Renders a flow as a Mermaid flowchart, for a README. Where it has run, each step has its state,
 * how long it took, and the colour that the page of HTML gives to its phase.
 *
 * Guarantees: whatever a name, a condition or a reason holds, it cannot end the text of its node.
 * Source: https://mermaid.js.org/syntax/flowchart.html (shapes, entity codes, classes)
 */

import type { Step } from '../../lib/flow/spec/flowSpec.ts';
import { orderSteps } from '../../lib/flow/spec/order.ts';
import type { StepStatusView } from '../../lib/flow/state/snapshot.ts';
import type { DrawnFlow } from './renderFlowHtml.ts';
import { phaseColours, stepCondition, stepOutcome } from './stepState.ts';

export function renderMermaid({ spec, status }: Pick<DrawnFlow, 'spec' | 'status'>): string {
  const { steps, finally: final } = spec;
  const seen = new Map((status?.steps ?? []).map((step) => [step.name, step]));
  const names = [...orderSteps(steps).sorted, ...orderSteps(final).sorted];
  const idOf = (name: string) => `s${names.indexOf(name)}`;
  const byName = new Map([...steps, ...final].map((step) => [step.name, step]));
  const nodesOf = (list: readonly Step[]) =>
    names.flatMap((name) =>
      list.some((step) => step.name === name) ? [renderNode(idOf(name), byName.get(name), seen.get(name))] : [],
    );
  const edges = names.flatMap((name) =>
    [...(byName.get(name)?.dependencies ?? [])].sort().map((each) => `  ${idOf(each)} --> ${idOf(name)}`),
  );
  const last = final.length === 0 ? [] : ['  subgraph finally', ...nodesOf(final).map((line) => `  ${line}`), '  end'];
  const phases = new Set(names.flatMap((name) => seen.get(name)?.phase ?? []));
  const classes = [...phases].sort().flatMap((phase) => {
    const ids = names.filter((name) => seen.get(name)?.phase === phase).map(idOf);
    return [`  classDef ${phase} fill:${phaseColours[phase]},color:#202124`, `  class ${ids.join(',')} ${phase}`];
  });
  return ['flowchart LR', ...nodesOf(steps), ...last, ...edges, ...classes].join('\n');
}

function renderNode(id: string, step: Step | undefined, seen: StepStatusView | undefined): string {
  const state = seen === undefined ? [] : [stepOutcome(seen)];
  const condition = step === undefined ? null : stepCondition(step);
  const lines = [step?.name ?? '', ...(condition === null ? [] : [condition]), ...state];
  const text = lines.map(escapeText).join('<br>');
  return step?.type === 'Manual' ? `  ${id}{{"${text}"}}` : `  ${id}["${text}"]`;
}

/** Entity codes are written with # instead of &. */
function escapeText(text: string): string {
  return text.replaceAll(/[#"&<>]/g, (character) => `#${character.charCodeAt(0)};`);
}
