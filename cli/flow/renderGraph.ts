/**
 * Renders a flow as text: a block for each depth. What stands in one block can run at once. Where
 * it has run, each step ends with its state and how long it took.
 *
 * Guarantees: the order of the file does not matter.
 */

import type { Step } from '../../lib/flow/spec/flowSpec.ts';
import { orderSteps } from '../../lib/flow/spec/order.ts';
import type { StepStatusView } from '../../lib/flow/state/snapshot.ts';
import { escapeControls } from '../escapeControls.ts';
import type { DrawnFlow } from './renderFlowHtml.ts';
import { stepCondition, stepOutcome } from './stepState.ts';

type Seen = ReadonlyMap<string, StepStatusView>;

export function renderGraph({ spec, status }: Pick<DrawnFlow, 'spec' | 'status'>): string {
  const { steps, finally: final } = spec;
  const width = Math.max(...[...steps, ...final].map(({ name }) => name.length));
  const seen: Seen = new Map((status?.steps ?? []).map((step) => [step.name, step]));
  const blocks = renderBlocks(steps, width, seen);
  return (final.length === 0 ? blocks : [...blocks, 'finally', ...renderBlocks(final, width, seen)]).join('\n');
}

function renderBlocks(steps: readonly Step[], width: number, seen: Seen): readonly string[] {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const depths = new Map<string, number>();
  return orderSteps(steps).sorted.flatMap((name, index) => {
    const step = byName.get(name);
    if (step === undefined) return [];
    const depth = Math.max(0, ...step.dependencies.map((each) => depths.get(each) ?? 0)) + 1;
    const isFirst = index === 0 || ![...depths.values()].includes(depth);
    depths.set(name, depth);
    return [
      `${isFirst ? String(depth).padStart(3) : '   '}  ${name.padEnd(width)}${notesOf(step, seen.get(name))}`.trimEnd(),
    ];
  });
}

function notesOf(step: Step, seen: StepStatusView | undefined): string {
  const notes = [
    step.dependencies.length === 0 ? null : `after ${[...step.dependencies].sort().join(', ')}`,
    step.type === 'Manual' ? 'asks a person' : null,
    stepCondition(step),
    step.retry === null ? null : `up to ${step.retry.limit + 1} attempts`,
    step.continueOnFailure ? 'may fail' : null,
    seen === undefined ? null : escapeControls(stepOutcome(seen)),
  ].filter((note) => note !== null);
  return notes.length === 0 ? '' : `  ${notes.join('; ')}`;
}
