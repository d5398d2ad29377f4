/**
 * Runs `zen-flow simulate`: a flow on a virtual clock, with its timeline.
 *
 * Guarantees: the same file and flags give the same output. It reads no cluster and no clock.
 */

import type { flowCommands } from '../../lib/config/flowCommands.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { explainStep } from '../../lib/flow/engine/explainStep.ts';
import { type Simulation, simulate, type TimelineEntry } from '../../lib/flow/simulate/simulate.ts';
import type { FlowSpec } from '../../lib/flow/spec/flowSpec.ts';
import { hasEnded } from '../../lib/flow/state/record.ts';
import { type Format, type Output, openOutput } from '../output.ts';
import { printDocument } from '../printDocument.ts';
import { countSteps } from './lint.ts';
import { parsePlan } from './parsePlan.ts';
import { readOneFlow } from './readFlowFile.ts';

type Values = ValuesOf<(typeof flowCommands)['simulate']['settings']>;

export async function simulateFlow(values: Values): Promise<void> {
  const flow = await readOneFlow(values.file);
  const result = simulate({ ...flow, problems: [] }, parsePlan(values, flow.spec));
  const output = openOutput(process.stdout, values.noColor);
  const waiting = describeOpen(flow.spec, result);
  if (values.output === 'text') {
    await output.line(`${flow.namespace}/${flow.name}: ${countSteps(flow.spec)}`);
    for (const entry of result.timeline) await printEntry(entry, widthOf(flow.spec), output);
    for (const { step, text } of waiting) await output.line(`${step} ${text}`);
    await output.line(summarize(result));
  } else {
    const { phase, reason, endedAt, timeline } = result;
    await printDocument({ phase, reason, endedAtMs: endedAt, timeline, waiting }, values.output, output);
  }
  if (values.expect !== undefined && values.expect !== result.phase) {
    process.stderr.write(`zen-flow: expected ${values.expect}, and the flow is ${result.phase}\n`);
    process.exitCode = 1;
  }
}

const colours: Readonly<Record<TimelineEntry['to'], Format>> = {
  Pending: 'yellow',
  PendingApproval: 'yellow',
  Running: 'blue',
  Succeeded: 'green',
  Failed: 'red',
  Skipped: 'gray',
};

async function printEntry(
  { at, step, to, reason, attempt }: TimelineEntry,
  width: number,
  output: Output,
): Promise<void> {
  const more = [reason, attempt > 1 ? `attempt ${attempt}` : null].filter((part) => part !== null).join(', ');
  const phase = output.paint(colours[to], to.padEnd(more === '' ? 0 : 'PendingApproval'.length));
  await output.line(`${formatClock(at).padStart(8)}  ${step.padEnd(width)}  ${phase}${more === '' ? '' : `  ${more}`}`);
}

function describeOpen(
  spec: FlowSpec,
  { record, isFinished }: Simulation,
): readonly { readonly step: string; readonly text: string }[] {
  if (record === null || isFinished) return [];
  const open = new Set(record.steps.filter((step) => !hasEnded(step)).map(({ name }) => name));
  return [...spec.steps, ...spec.finally]
    .filter(({ name }) => open.has(name))
    .map((step) => ({ step: step.name, text: explainStep({ spec, annotations: {} }, record, step) }));
}

function summarize({ phase, reason, endedAt, isFinished }: Simulation): string {
  const why = reason === null ? '' : `, ${reason}`;
  if (isFinished) return `${phase}${why} after ${formatClock(endedAt)}`;
  return `${phase}${why} since ${formatClock(endedAt)}: nothing in the plan leads on`;
}

function widthOf({ steps, finally: final }: FlowSpec): number {
  return Math.max(...[...steps, ...final].map(({ name }) => name.length));
}

/** `1:05`, `2:00:00`; with tenths where it is no whole second. */
function formatClock(ms: number): string {
  const seconds = Math.floor(ms / 1_000) % 60;
  const minutes = Math.floor(ms / 60_000) % 60;
  const hours = Math.floor(ms / 3_600_000);
  const tenths = ms % 1_000 === 0 ? '' : `.${Math.floor((ms % 1_000) / 100)}`;
  const pad = (value: number) => String(value).padStart(2, '0');
  return `${hours > 0 ? `${hours}:${pad(minutes)}` : minutes}:${pad(seconds)}${tenths}`;
}
