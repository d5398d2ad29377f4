/** Counts the calls that the functions of flows make to the API server. */

import type { KubeApi, Resource } from '../../lib/kube/kubeApi.ts';
import type { FlowMetrics } from '../../lib/telemetry/flowMetrics.ts';

export function countCalls(api: KubeApi, { apiCalls }: Pick<FlowMetrics, 'apiCalls'>): KubeApi {
  const count = (operation: string, { plural, subresource }: Resource): void =>
    apiCalls.inc({ operation, resource: subresource === undefined ? plural : `${plural}/${subresource}` });
  return {
    ...api,
    list(resource, ...rest) {
      count('list', resource);
      return api.list(resource, ...rest);
    },
    get(resource, ...rest) {
      count('get', resource);
      return api.get(resource, ...rest);
    },
    create(resource, ...rest) {
      count('create', resource);
      return api.create(resource, ...rest);
    },
    mergePatch(resource, ...rest) {
      count('update', resource);
      return api.mergePatch(resource, ...rest);
    },
    delete(resource, ...rest) {
      count('delete', resource);
      return api.delete(resource, ...rest);
    },
  };
}
