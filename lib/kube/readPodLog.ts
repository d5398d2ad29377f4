/**
 * Yields the lines of what a container has written, and with `follow` those that it goes on to
 * write.
 *
 * Guarantees: a request is never resent. Ends when the API server ends the text. Leaving the loop
 * drops the connection.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
 */

import { createInterface } from 'node:readline';
import type { ClusterAccess } from './clusterAccess.ts';
import { openConnection } from './connection.ts';
import { type HttpRequest, readBody, sendRequest } from './exchange.ts';
import { pods } from './kubeApi.ts';
import { toAbortedError, toConnectionError, toKubeError } from './kubeError.ts';
import { toPath } from './requestPath.ts';

export interface LogRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly follow: boolean;
}

export async function* readPodLog(
  access: ClusterAccess,
  { namespace, pod, container, follow }: LogRequest,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  const query = new URLSearchParams({ container, follow: String(follow) });
  const attempt = `read the log of pod ${namespace}/${pod}`;
  const path = `${toPath(pods, namespace, pod)}/log?${query}`;
  const request: HttpRequest = { attempt, method: 'GET', path, accept: 'text/plain, */*' };
  const connection = openConnection(access, Date.now);
  try {
    const response = await sendRequest({ connection, userAgent: 'zen-flow', now: Date.now }, request, signal);
    if (response.statusCode !== 200) {
      const status = await readBody(response);
      throw toKubeError(attempt, response.statusCode, status, response.retryAfter, Date.now());
    }
    yield* createInterface({ input: response.body, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    if (signal.aborted) throw toAbortedError(attempt);
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('KUBE_')) throw error;
    throw toConnectionError(attempt, error);
  } finally {
    await connection.close();
  }
}
