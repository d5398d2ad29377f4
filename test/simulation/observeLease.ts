/**
 * observeLease: notes when a bridge has no right to the Lease. It then sends as if it were alone
 * (docs/architecture.md#replicas), until it holds the Lease or has read that another bridge does.
 */

import { codeOf } from '../../lib/errors.ts';
import { type KubeApi, leases, type Resource } from '../../lib/kube/kubeApi.ts';
import type { Scheduler } from './scheduler.ts';

export function observeLease(api: KubeApi, scheduler: Scheduler, setWithout: (isWithout: boolean) => void): KubeApi {
  let writes = 0;
  setWithout(false);

  async function observe<T>(resource: Resource, request: Promise<T>, onAnswer: () => void): Promise<T> {
    if (resource !== leases) return request;
    try {
      const answer = await request;
      onAnswer();
      return answer;
    } catch (error) {
      if (codeOf(error) === 'KUBE_FORBIDDEN') setWithout(true);
      throw error;
    }
  }
  const write = <T>(resource: Resource, request: Promise<T>): Promise<T> => {
    if (resource === leases) writes += 1;
    return observe(resource, request, () => setWithout(false));
  };
  /** A bridge that has read a free Lease asks for it at once. */
  const expectWrite = (): void => {
    const before = writes;
    scheduler.schedule(0, () => {
      if (writes === before) setWithout(false);
    });
  };
  return {
    ...api,
    get: (resource, ...rest) => observe(resource, api.get(resource, ...rest), expectWrite),
    create: (resource, ...rest) => write(resource, api.create(resource, ...rest)),
    mergePatch: (resource, ...rest) => write(resource, api.mergePatch(resource, ...rest)),
  };
}
