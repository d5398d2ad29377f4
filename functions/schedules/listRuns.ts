/** Lists the flows that a schedule controls, consistently. */

import { parseWatchedRun, toScheduledRun } from '../../lib/flow/objects/parseScheduledRun.ts';
import type { ScheduledRun, ScheduleView } from '../../lib/flow/schedule/scheduleView.ts';
import { label } from '../../lib/flow/state/names.ts';
import { jobFlows, type KubeApi } from '../../lib/kube/kubeApi.ts';
import { listAll } from '../../lib/kube/listAll.ts';

export async function listRuns(
  api: KubeApi,
  schedule: ScheduleView,
  signal: AbortSignal,
): Promise<readonly ScheduledRun[]> {
  const { namespace, name } = schedule;
  let runs: ScheduledRun[] = [];
  const begin = () => {
    runs = [];
    return (object: unknown): void =>
      void runs.push(...[toScheduledRun(parseWatchedRun(object), schedule) ?? []].flat());
  };
  await listAll(api, { resource: jobFlows, namespace, labelSelector: `${label.schedule}=${name}` }, { begin }, signal);
  return runs;
}
