/**
 * Runs `zen-flow explain`: where the steps of a flow stand, or one of them.
 *
 * Guarantees: reads only. It reads the record, so that it says what was decided, and not what the
 * status said a second ago. Of a step that runs, or failed, it reads the pods.
 */

import type { flowVerbCommands } from '../../lib/config/flowVerbCommands.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { codeOf } from '../../lib/errors.ts';
import { explainStep } from '../../lib/flow/engine/explainStep.ts';
import { parseRecordObject } from '../../lib/flow/objects/parseRecordObject.ts';
import { flowPhase } from '../../lib/flow/state/flowPhase.ts';
import { recordName } from '../../lib/flow/state/names.ts';
import type { FlowRecord } from '../../lib/flow/state/record.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import { jobFlowRecords } from '../../lib/kube/kubeApi.ts';
import { openOutput } from '../output.ts';
import { printDocument } from '../printDocument.ts';
import { explainPods } from './explainPods.ts';
import { type FlowSession, findStep, readFlowView, withFlows } from './withFlow.ts';

type ExplainValues = ValuesOf<(typeof flowVerbCommands)['explain']['settings']>;

export function explainFlow(values: ExplainValues): Promise<void> {
  return withFlows(values, async (session) => {
    const flow = await readFlowView(session, values.flow);
    const { spec } = flow;
    const asked = values.step === undefined ? [...spec.steps, ...spec.finally] : [findStep(flow, values.step)];
    const record = await readRecord(session, flow);
    const output = openOutput(process.stdout, values.noColor);
    const { phase, reason } =
      record === null
        ? { phase: flow.status?.phase ?? 'Pending', reason: flow.status?.reason ?? null }
        : flowPhase(spec, record);
    const steps: { readonly step: string; readonly text: string }[] = [];
    for (const step of record === null ? [] : asked) {
      const own = record?.steps.find(({ name }) => name === step.name);
      const said = own === undefined || step.type === 'Manual' ? '' : await explainPods(session, flow, own);
      const text = record === null ? '' : explainStep(flow, record, step);
      steps.push({ step: step.name, text: said === '' ? text : `${text}; ${said}` });
    }
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
