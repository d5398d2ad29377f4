/**
 * Makes the flow for one minute of a schedule, or finds the one that is there.
 *
 * Guarantees: a flow of the name is ours where this schedule controls it, by uid. Another one stays
 * as it is, and the run is refused, as is one that the API server does not take.
 */

import { codeOf } from '../../lib/errors.ts';
import { parseWatchedRun, toScheduledRun } from '../../lib/flow/objects/parseScheduledRun.ts';
import { scheduledFlow, scheduledName } from '../../lib/flow/schedule/scheduledFlow.ts';
import type { RefusedRun, ScheduledRun, ScheduleView } from '../../lib/flow/schedule/scheduleView.ts';
import { jobFlows, type KubeApi } from '../../lib/kube/kubeApi.ts';

export type Made =
  | { readonly kind: 'made'; readonly run: ScheduledRun }
  | { readonly kind: 'found'; readonly run: ScheduledRun }
  | { readonly kind: 'refused'; readonly refused: RefusedRun };

export async function makeRun(
  schedule: ScheduleView,
  at: number,
  runs: readonly ScheduledRun[],
  { api }: { readonly api: KubeApi },
  signal: AbortSignal,
): Promise<Made> {
  const { namespace, uid } = schedule;
  const name = scheduledName(schedule.name, at);
  const refuse = (reason: RefusedRun['reason'], message: string): Made => ({
    kind: 'refused',
    refused: { scheduledAt: at, reason, message },
  });
  const toMade = (kind: 'made' | 'found', object: unknown): Made => {
    const run = toScheduledRun(parseWatchedRun(object), { uid });
    const message = `jobflows ${namespace}/${name}: the name is taken by a flow that this schedule does not control`;
    return run === null ? refuse('NameTaken', message) : { kind, run };
  };
  try {
    return toMade('made', await api.create(jobFlows, namespace, scheduledFlow(schedule, at, runs), signal));
  } catch (error) {
    const code = codeOf(error);
    if (code === 'KUBE_ALREADY_EXISTS') return toMade('found', await api.get(jobFlows, namespace, name, signal));
    // A quota, a policy, a webhook, a schema: people have to change something.
    if (code === 'KUBE_INVALID' || code === 'KUBE_FORBIDDEN')
      return refuse('FlowRefused', error instanceof Error ? error.message : String(error));
    throw error;
  }
}
