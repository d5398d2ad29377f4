/** Reads the exit code of the container that ended last among the pods of a Job. */

import {
  takeFields,
  takeList,
  takeOptionalFields,
  takeOptionalNumber,
  takeOptionalTime,
} from '../../lib/kube/fields.ts';
import { type KubeApi, pods } from '../../lib/kube/kubeApi.ts';
import { listAll } from '../../lib/kube/listAll.ts';

interface Ended {
  readonly exitCode: number;
  readonly at: number;
}

/** Undefined where no pod is left, or none has ended. A failure counts before a success. */
export async function readExitCode(
  api: KubeApi,
  namespace: string,
  job: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  let ended: Ended[] = [];
  const collection = { resource: pods, namespace, labelSelector: `batch.kubernetes.io/job-name=${job}` };
  const begin = () => {
    ended = [];
    return (pod: unknown): void => void ended.push(...endedContainers(pod));
  };
  await listAll(api, collection, { begin }, signal);
  const failed = ended.filter(({ exitCode }) => exitCode !== 0);
  const last = (failed.length > 0 ? failed : ended).sort((a, b) => b.at - a.at)[0];
  return last?.exitCode;
}

function endedContainers(pod: unknown): readonly Ended[] {
  const status = takeOptionalFields(takeFields(pod, 'pod'), 'status', 'pod') ?? {};
  return takeList(status, 'containerStatuses', 'status').flatMap((each) => {
    const path = 'status.containerStatuses[]';
    const state = takeOptionalFields(takeFields(each, path), 'state', path) ?? {};
    const terminated = takeOptionalFields(state, 'terminated', `${path}.state`);
    const exitCode = terminated && takeOptionalNumber(terminated, 'exitCode', `${path}.state.terminated`);
    if (terminated === undefined || exitCode === undefined) return [];
    return [{ exitCode, at: takeOptionalTime(terminated, 'finishedAt', `${path}.state.terminated`) ?? 0 }];
  });
}
