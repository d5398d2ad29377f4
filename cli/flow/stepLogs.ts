/**
 * Runs `zen-flow logs`: what the pods of a step have written, of its newest attempt.
 *
 * Guarantees: reads only, with the rights of who types it: zen-flow itself may read no log. With
 * `--follow` it waits for a step that has not begun, goes on with the next attempt, and ends with
 * the step.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { flowVerbCommands } from '../../lib/config/flowVerbCommands.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { codeOf } from '../../lib/errors.ts';
import { jobName } from '../../lib/flow/state/names.ts';
import type { FlowView, StepStatusView } from '../../lib/flow/state/snapshot.ts';
import { takeFields, takeList, takeOptionalFields, takeOptionalString, takeString } from '../../lib/kube/fields.ts';
import { pods } from '../../lib/kube/kubeApi.ts';
import { readPodLog } from '../../lib/kube/readPodLog.ts';
import { openOutput } from '../output.ts';
import { readAll } from './listFlows.ts';
import { type FlowSession, findStep, readFlowView, refused, withFlows } from './withFlow.ts';

type LogValues = ValuesOf<(typeof flowVerbCommands)['logs']['settings']>;

interface LoggedPod {
  readonly name: string;
  readonly createdAt: string;
  readonly containers: readonly string[];
  readonly hasBegun: boolean;
}

const LOOK_EVERY_MS = 1_000;

export function stepLogs(values: LogValues): Promise<void> {
  return withFlows(values, async (session) => {
    const printed = new Set<string>();
    for (;;) {
      const flow = await readFlowView(session, values.flow);
      const { type } = findStep(flow, values.step);
      if (type === 'Manual') throw refused(`step "${values.step}" asks a person, and runs no pod`);
      const seen = flow.status?.steps.find(({ name }) => name === values.step);
      const found = seen === undefined || seen.startedAt === null ? [] : await podsOf(session, flow, seen);
      const open = found.filter(({ name, hasBegun }) => hasBegun && !printed.has(name));
      for (const pod of open) {
        printed.add(pod.name);
        await printLog(session, pod, found.length > 1, values);
      }
      const hasEnded = seen !== undefined && ['Succeeded', 'Failed', 'Skipped'].includes(seen.phase);
      if (!values.follow || (hasEnded && open.length === 0)) {
        if (printed.size === 0) throw refused(whyNone(values.step, seen, found));
        return;
      }
      if (open.length === 0) await sleep(LOOK_EVERY_MS, undefined, { signal: session.signal });
    }
  });
}

async function printLog(
  { access, namespace, signal }: FlowSession,
  { name, containers }: LoggedPod,
  isOneOfMany: boolean,
  { step, container = containers[0] ?? '', follow, noColor }: LogValues,
): Promise<void> {
  if (!containers.includes(container))
    throw refused(`the pod of step "${step}" has no container "${container}"; those are ${containers.join(', ')}`);
  const output = openOutput(process.stdout, noColor);
  const prefix = isOneOfMany ? `${name}: ` : '';
  try {
    for await (const line of readPodLog(access, { namespace, pod: name, container, follow }, signal)) {
      await output.line(`${prefix}${line}`);
      if (output.isGone()) return;
    }
  } catch (error) {
    // It went while it was read.
    if (codeOf(error) !== 'KUBE_NOT_FOUND') throw error;
  }
}

/** Of its newest attempt, in the order in which they were made. */
async function podsOf(
  session: FlowSession,
  flow: FlowView,
  { name, retries }: StepStatusView,
): Promise<readonly LoggedPod[]> {
  const job = jobName(flow, name, retries + 1);
  const found = await readAll(session, pods, parsePod, `batch.kubernetes.io/job-name=${job}`);
  return [...found].sort((a, b) => (a.createdAt + a.name < b.createdAt + b.name ? -1 : 1));
}

function parsePod(input: unknown): LoggedPod {
  const object = takeFields(input, 'pod');
  const metadata = takeFields(object['metadata'], 'metadata');
  const phase = takeOptionalString(takeOptionalFields(object, 'status', 'pod') ?? {}, 'phase', 'status');
  const spec = takeOptionalFields(object, 'spec', 'pod') ?? {};
  return {
    name: takeString(metadata, 'name', 'metadata'),
    createdAt: takeOptionalString(metadata, 'creationTimestamp', 'metadata') ?? '',
    containers: takeList(spec, 'containers', 'spec').map((each) =>
      takeString(takeFields(each, 'spec.containers[]'), 'name', 'spec.containers[]'),
    ),
    hasBegun: phase !== undefined && phase !== 'Pending',
  };
}

function whyNone(step: string, seen: StepStatusView | undefined, found: readonly LoggedPod[]): string {
  const [pod] = found;
  if (pod !== undefined) return `pod ${pod.name} of step "${step}" has not begun; zen-flow explain says why`;
  const phase = seen?.phase ?? 'Pending';
  const isOver = seen !== undefined && seen.startedAt !== null;
  return isOver
    ? `step "${step}" has no pod any more: ${phase}`
    : `step "${step}" has run no pod: ${phase}. --follow waits for it`;
}
