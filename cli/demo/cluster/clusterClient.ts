/**
 * Sends the requests of the demo's stand-ins (kubelet, StatefulSet controller, the person with
 * kubectl) to the API server. They are apart from lib/kube, because the stand-ins may do what
 * zen-lead may not, such as writing a pod's status.
 */

import { ZenLeadError } from '../../../lib/errors.ts';

export interface ClusterClient {
  create(path: string, object: object, signal: AbortSignal): Promise<void>;
  /** JSON merge patch. */
  patch(path: string, patch: object, signal: AbortSignal): Promise<void>;
  /** Without `gracePeriodSeconds` the pod's own counts. An object that is gone already is fine. */
  delete(path: string, gracePeriodSeconds: number | undefined, signal: AbortSignal): Promise<void>;
}

/** The API server is in the same process; a later answer will not come. */
const REQUEST_WITHIN_MS = 5_000;

export function createClusterClient(url: string): ClusterClient {
  async function send(
    method: string,
    path: string,
    type: string,
    body: object,
    signal: AbortSignal,
  ): Promise<Response> {
    return fetch(new URL(path, url), {
      method,
      headers: { 'content-type': type },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_WITHIN_MS)]),
    });
  }
  async function expectDone(response: Response, method: string, path: string): Promise<void> {
    const text = await response.text();
    if (response.ok) return;
    const code = response.status === 404 ? 'KUBE_NOT_FOUND' : 'KUBE_INVALID';
    throw new ZenLeadError(code, `${method} ${path}: ${response.status} ${text}`, { retry: 'never' });
  }
  return {
    async create(path, object, signal) {
      await expectDone(await send('POST', path, 'application/json', object, signal), 'POST', path);
    },
    async patch(path, patch, signal) {
      await expectDone(await send('PATCH', path, 'application/merge-patch+json', patch, signal), 'PATCH', path);
    },
    async delete(path, gracePeriodSeconds, signal) {
      const options = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
      const response = await send('DELETE', path, 'application/json', options, signal);
      if (response.status === 404) await response.body?.cancel();
      else await expectDone(response, 'DELETE', path);
    },
  };
}

export const path = {
  nodes: '/api/v1/nodes',
  pods: (namespace: string) => `/api/v1/namespaces/${namespace}/pods`,
  pod: (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/pods/${name}`,
  podStatus: (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/pods/${name}/status`,
  services: (namespace: string) => `/api/v1/namespaces/${namespace}/services`,
  service: (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/services/${name}`,
} as const;
