/**
 * Runs `zen-flow get`: one flow with its steps, or one schedule with its flows.
 *
 * Guarantees: reads only. A name that both have shows both.
 */

import type { flowVerbCommands } from '../../lib/config/flowVerbCommands.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import { parseJobFlow } from '../../lib/flow/objects/parseJobFlow.ts';
import { parseSchedule } from '../../lib/flow/objects/parseSchedule.ts';
import { parseWatchedRun, toScheduledRun } from '../../lib/flow/objects/parseScheduledRun.ts';
import type { ScheduledRun, ScheduleView } from '../../lib/flow/schedule/scheduleView.ts';
import { label } from '../../lib/flow/state/names.ts';
import type { FlowView, StepStatusView } from '../../lib/flow/state/snapshot.ts';
import { toTime } from '../../lib/flow/writes/statusConditions.ts';
import { jobFlowSchedules, jobFlows, type Resource } from '../../lib/kube/kubeApi.ts';
import { openOutput } from '../output.ts';
import { printDocument } from '../printDocument.ts';
import { renderTable } from '../status/renderTable.ts';
import { readAll, toScheduleRow } from './listFlows.ts';
import { stepDuration } from './stepState.ts';
import { type FlowSession, withFlows } from './withFlow.ts';

type GetValues = ValuesOf<(typeof flowVerbCommands)['get']['settings']>;

export function getFlow(values: GetValues): Promise<void> {
  return withFlows(values, async (session) => {
    const { flow: name } = values;
    const flow = await readOne(session, jobFlows, name, parseJobFlow);
    const schedule = await readOne(session, jobFlowSchedules, name, parseSchedule);
    if (flow === null && schedule === null) {
      const message = `there is no flow and no schedule ${name} in namespace ${session.namespace}`;
      throw new ZenLeadError('KUBE_NOT_FOUND', message, { retry: 'never' });
    }
    const runs = schedule === null ? [] : await readRuns(session, schedule);
    const output = openOutput(process.stdout, values.noColor);
    if (values.output !== 'text') {
      const document = {
        ...(flow !== null && { flow: describeFlow(flow) }),
        ...(schedule !== null && { schedule: { ...toScheduleRow(schedule), flows: runs.map(describeRun) } }),
      };
      return printDocument(document, values.output, output);
    }
    const lines = [
      ...(flow === null ? [] : renderFlow(flow)),
      ...(flow === null || schedule === null ? [] : ['']),
      ...(schedule === null ? [] : renderSchedule(schedule, runs)),
    ];
    for (const line of lines) await output.line(line);
  });
}

async function readOne<T>(
  { api, namespace, signal }: FlowSession,
  resource: Resource,
  name: string,
  parse: (object: unknown) => T,
): Promise<T | null> {
  try {
    return parse(await api.get(resource, namespace, name, signal));
  } catch (error) {
    const isAbsent = codeOf(error) === 'KUBE_NOT_FOUND';
    // A person may be allowed to see flows alone.
    const isHidden = codeOf(error) === 'KUBE_FORBIDDEN' && resource === jobFlowSchedules;
    if (isAbsent || isHidden) return null;
    throw error;
  }
}

async function readRuns(session: FlowSession, schedule: ScheduleView): Promise<readonly ScheduledRun[]> {
  const runs = await readAll(session, jobFlows, parseWatchedRun, `${label.schedule}=${schedule.name}`);
  return runs.flatMap((run) => toScheduledRun(run, schedule) ?? []).sort((a, b) => a.scheduledAt - b.scheduledAt);
}

function describeFlow({ name, namespace, status }: FlowView) {
  return {
    name,
    namespace,
    phase: status?.phase ?? 'Pending',
    reason: status?.reason ?? null,
    startTime: timeOf(status?.startedAt),
    completionTime: timeOf(status?.endedAt),
    steps: (status?.steps ?? []).map((step) => ({
      name: step.name,
      phase: step.phase,
      reason: step.reason,
      attempts: step.startedAt === null ? 0 : step.retries + 1,
      startTime: timeOf(step.startedAt),
      completionTime: timeOf(step.endedAt),
      outputs: step.outputs,
    })),
  };
}

function renderFlow(flow: FlowView): readonly string[] {
  const { name, namespace, phase, reason, startTime, completionTime } = describeFlow(flow);
  const times =
    startTime === null ? '' : `, from ${startTime}${completionTime === null ? '' : ` to ${completionTime}`}`;
  const head = `${namespace}/${name}: ${phase}${reason === null ? '' : ` ${reason}`}${times}`;
  const all = [...flow.spec.steps, ...flow.spec.finally];
  const rows = all.map((step) =>
    rowOf(
      step.name,
      flow.status?.steps.find((each) => each.name === step.name),
    ),
  );
  return [head, ...renderTable([['STEP', 'PHASE', 'REASON', 'ATTEMPTS', 'STARTED', 'TOOK'], ...rows])];
}

function rowOf(name: string, step: StepStatusView | undefined): readonly string[] {
  if (step === undefined) return [name, 'Pending', '', '0', '-', '-'];
  const { phase, reason, startedAt, retries } = step;
  const attempts = startedAt === null ? 0 : retries + 1;
  return [name, phase, reason ?? '', String(attempts), timeOf(startedAt) ?? '-', stepDuration(step) ?? '-'];
}

function describeRun({ name, phase, scheduledAt, startedAt, endedAt }: ScheduledRun) {
  const times = { startTime: timeOf(startedAt), completionTime: timeOf(endedAt) };
  return { name, phase, scheduledTime: toTime(scheduledAt), ...times };
}

function renderSchedule(schedule: ScheduleView, runs: readonly ScheduledRun[]): readonly string[] {
  const { name, times, ready, last, next } = toScheduleRow(schedule);
  const ended = schedule.status?.conditions.find(({ type }) => type === 'Ready')?.message ?? '';
  return [
    `${schedule.namespace}/${name}: ${times}, ${ready}${ended === '' ? '' : `: ${ended}`}`,
    `last ${last}, next ${next}`,
    ...renderTable([['FLOW', 'FOR', 'PHASE'], ...runs.map((run) => [run.name, toTime(run.scheduledAt), run.phase])]),
  ];
}

function timeOf(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : toTime(at);
}
