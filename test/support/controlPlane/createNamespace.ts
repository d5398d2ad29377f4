/**
 * Creates the namespace of a story. A story acts and reads only there, so that stories cannot see
 * each other.
 */

import { storyElection, toCluster, toCommand, toStory } from '../storyElection.ts';
import type { ApiRequest } from './connectApi.ts';
import type { ControlPlane } from './startControlPlane.ts';

export interface Namespace {
  readonly name: string;
  /** Runs kubectl in this namespace; resolves to standard output. */
  kubectl(...args: string[]): Promise<string>;
  /** Runs `kubectl apply -f -`. */
  apply(...manifests: readonly object[]): Promise<void>;
  readonly request: ApiRequest;
  /** `/api/v1/namespaces/<name>/<plural>` */
  core(plural: string): string;
  /** `/apis/discovery.k8s.io/v1/namespaces/<name>/endpointslices` */
  readonly slices: string;
}

export async function createNamespace(
  { kubectl, request }: Pick<ControlPlane, 'kubectl' | 'request'>,
  name: string,
): Promise<Namespace> {
  await request('POST', '/api/v1/namespaces', { metadata: { name } });
  return {
    name,
    kubectl: async (...args) => toStory(await kubectl('--namespace', name, ...toCommand(args))),
    async apply(...manifests) {
      const list = { apiVersion: 'v1', kind: 'List', items: manifests };
      await kubectl.withInput(toCluster(JSON.stringify(list)), '--namespace', name, 'apply');
    },
    request: asElection(request),
    core: (plural) => `/api/v1/namespaces/${name}/${plural}`,
    slices: `/apis/discovery.k8s.io/v1/namespaces/${name}/endpointslices`,
  };
}

/** As the story names its objects. */
function asElection(request: ApiRequest): ApiRequest {
  if (storyElection === '') return request;
  return async (method, path, body, ...rest) => {
    const sent = body === undefined ? undefined : JSON.parse(toCluster(JSON.stringify(body)));
    const answer = await request(method, toCluster(path), sent, ...rest);
    return answer === undefined ? answer : JSON.parse(toStory(JSON.stringify(answer)));
  };
}
