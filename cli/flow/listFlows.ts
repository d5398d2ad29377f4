/**
 * Runs `zen-flow list`: the flows and schedules of a namespace.
 *
 * Guarantees: reads only. Where the kind of schedules is not installed, flows are listed all the
 * same.
 */

import type { flowVerbCommands } from '../../lib/config/flowVerbCommands.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { codeOf } from '../../lib/errors.ts';
import { parseJobFlow } from '../../lib/flow/objects/parseJobFlow.ts';
import { parseSchedule } from '../../lib/flow/objects/parseSchedule.ts';
import type { ScheduleView } from '../../lib/flow/schedule/scheduleView.ts';
import { hasEnded } from '../../lib/flow/state/record.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import { toTime } from '../../lib/flow/writes/statusConditions.ts';
import { waitingFor } from '../../lib/flow/writes/waitingFor.ts';
import { jobFlowSchedules, jobFlows, type Resource } from '../../lib/kube/kubeApi.ts';
import { listAll } from '../../lib/kube/listAll.ts';
import { openOutput } from '../output.ts';
import { printDocument } from '../printDocument.ts';
import { renderTable } from '../status/renderTable.ts';
import { type FlowSession, withFlows } from './withFlow.ts';

type ListValues = ValuesOf<(typeof flowVerbCommands)['list']['settings']>;

export function listFlows(values: ListValues): Promise<void> {
  return withFlows(values, async (session) => {
    const flows = (await readAll(session, jobFlows, parseJobFlow)).map(toFlowRow).sort(byName);
    const schedules = (await readSchedules(session)).map(toScheduleRow).sort(byName);
    const output = openOutput(process.stdout, values.noColor);
    if (values.output !== 'text') return printDocument([...flows, ...schedules], values.output, output);
    const tables = [
      flows.length === 0
        ? [`there are no flows in namespace ${session.namespace}`]
        : renderTable([
            ['NAME', 'PHASE', 'PROGRESS', 'WAITING'],
            ...flows.map(({ name, phase, progress, waiting }) => [name, phase, progress, waiting]),
          ]),
      schedules.length === 0
        ? []
        : [
            '',
            ...renderTable([
              ['SCHEDULE', 'TIMES', 'READY', 'ACTIVE', 'LAST', 'NEXT'],
              ...schedules.map((row) => [row.name, row.times, row.ready, String(row.active), row.last, row.next]),
            ]),
          ],
    ];
    for (const line of tables.flat()) await output.line(line);
  });
}

export async function readAll<T>(
  { api, namespace, signal }: FlowSession,
  resource: Resource,
  parse: (object: unknown) => T,
  labelSelector?: string,
): Promise<readonly T[]> {
  let found: T[] = [];
  const begin = () => {
    found = [];
    return (object: unknown): void => void found.push(parse(object));
  };
  const collection = { resource, namespace, ...(labelSelector !== undefined && { labelSelector }) };
  await listAll(api, collection, { begin }, signal);
  return found;
}

async function readSchedules(session: FlowSession): Promise<readonly ScheduleView[]> {
  try {
    return await readAll(session, jobFlowSchedules, parseSchedule);
  } catch (error) {
    // An older installation, or a person who may see flows alone.
    if (codeOf(error) === 'KUBE_NOT_FOUND' || codeOf(error) === 'KUBE_FORBIDDEN') return [];
    throw error;
  }
}

function toFlowRow({ name, status, spec }: FlowView) {
  const steps = status?.steps ?? [];
  const ended = steps.filter(hasEnded).length;
  return {
    name,
    phase: [status?.phase ?? 'Pending', status?.reason ?? null].filter((part) => part !== null).join(' '),
    progress: `${ended}/${spec.steps.length + spec.finally.length}`,
    waiting: waitingFor(spec, steps) ?? '',
  };
}

export function toScheduleRow({ name, spec, status }: ScheduleView) {
  const time = (at: number | null | undefined) => (at === null || at === undefined ? '-' : toTime(at));
  return {
    kind: 'JobFlowSchedule',
    name,
    times: `${spec.schedule} ${spec.timeZone}`,
    ready: status?.conditions.find(({ type }) => type === 'Ready')?.reason ?? '-',
    active: status?.activeCount ?? 0,
    last: time(status?.lastScheduleAt),
    next: time(status?.nextScheduleAt),
  };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
