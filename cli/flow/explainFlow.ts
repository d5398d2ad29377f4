/**
 * Runs `zen-flow explain` and `zen-flow list`: where flows stand.
 *
 * Guarantees: reads only. `explain` reads the record, so that it says what was decided, and not
 * what the status said a second ago.
 */

import type { flowVerbCommands } from '../../lib/config/flowVerbCommands.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { codeOf } from '../../lib/errors.ts';
import { explainStep } from '../../lib/flow/engine/explainStep.ts';
import { parseJobFlow } from '../../lib/flow/objects/parseJobFlow.ts';
import { parseRecordObject } from '../../lib/flow/objects/parseRecordObject.ts';
import { flowPhase } from '../../lib/flow/state/flowPhase.ts';
import { recordName } from '../../lib/flow/state/names.ts';
import type { FlowRecord } from '../../lib/flow/state/record.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import { jobFlowRecords, jobFlows } from '../../lib/kube/kubeApi.ts';
import { listAll } from '../../lib/kube/listAll.ts';
import { openOutput } from '../output.ts';
import { printDocument } from '../printDocument.ts';
import { type FlowSession, readFlowView, withFlows } from './withFlow.ts';

type ExplainValues = ValuesOf<(typeof flowVerbCommands)['explain']['settings']>;
type ListValues = ValuesOf<(typeof flowVerbCommands)['list']['settings']>;

export function explainFlow(values: ExplainValues): Promise<void> {
  return withFlows(values, async (session) => {
    const flow = await readFlowView(session, values.flow);
    const record = await readRecord(session, flow);
    const output = openOutput(process.stdout, values.noColor);
    const all = [...flow.spec.steps, ...flow.spec.finally];
    const { phase, reason } =
      record === null
        ? { phase: flow.status?.phase ?? 'Pending', reason: flow.status?.reason ?? null }
        : flowPhase(flow.spec, record);
    const steps =
      record === null ? [] : all.map((step) => ({ step: step.name, text: explainStep(flow.spec, record, step) }));
    const problems = flow.problems.map(({ path, message }) => `${path}: ${message}`);
    if (values.output !== 'text') return printDocument({ phase, reason, steps, problems }, values.output, output);
    await output.line(`${flow.namespace}/${flow.name}: ${phase}${reason === null ? '' : `, ${reason}`}`);
    for (const problem of problems) await output.line(problem);
    const width = Math.max(0, ...steps.map(({ step }) => step.length));
    for (const { step, text } of steps) await output.line(`  ${step.padEnd(width)}  ${text}`);
  });
}

/** Null before the first decision. */
async function readRecord({ api, namespace, signal }: FlowSession, flow: FlowView): Promise<FlowRecord | null> {
  try {
    const { record } = parseRecordObject(await api.get(jobFlowRecords, namespace, recordName(flow), signal));
    return record === 'unreadable' ? null : record;
  } catch (error) {
    if (codeOf(error) === 'KUBE_NOT_FOUND') return null;
    throw error;
  }
}

export function listFlows(values: ListValues): Promise<void> {
  return withFlows(values, async ({ api, namespace, signal }) => {
    let flows: FlowView[] = [];
    const begin = () => {
      flows = [];
      return (object: unknown): void => void flows.push(parseJobFlow(object));
    };
    await listAll(api, { resource: jobFlows, namespace }, { begin }, signal);
    const rows = flows.map(toRow).sort((a, b) => (a.name < b.name ? -1 : 1));
    const output = openOutput(process.stdout, values.noColor);
    if (values.output !== 'text') return printDocument(rows, values.output, output);
    if (rows.length === 0) return output.line(`there are no flows in namespace ${namespace}`);
    const table = [
      ['NAME', 'PHASE', 'PROGRESS', 'WAITING'],
      ...rows.map((row) => [row.name, row.phase, row.progress, row.waiting]),
    ];
    const widths = [0, 1, 2].map((column) => Math.max(...table.map((cells) => (cells[column] ?? '').length)));
    for (const cells of table)
      await output.line(
        cells
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd(),
      );
  });
}

function toRow({ name, status, spec }: FlowView) {
  const steps = status?.steps ?? [];
  const ended = steps.filter(({ phase }) => ['Succeeded', 'Failed', 'Skipped'].includes(phase)).length;
  const asked = steps.filter(({ phase }) => phase === 'PendingApproval').map((step) => step.name);
  return {
    name,
    phase: [status?.phase ?? 'Pending', status?.reason ?? null].filter((part) => part !== null).join(' '),
    progress: `${ended}/${spec.steps.length + spec.finally.length}`,
    waiting: asked.length === 0 ? '' : `approval of ${asked.join(', ')}`,
  };
}
