/**
 * ScriptedServer: serves HTTP on loopback and answers each request with the next step of a script.
 * It stands in for a kube-apiserver where a test needs the faults that a real one shows only in bad
 * times.
 *
 * Guarantees: a request without a step left gets 599, which none of our clients takes for an
 * answer. `close` cuts every socket.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { ClusterAccess } from '../../../lib/kube/clusterAccess.ts';

export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Milliseconds of `performance.now()`. */
  readonly at: number;
}

export type Answer = (request: ScriptedRequest, response: ServerResponse) => void;

export interface ScriptedServer {
  readonly url: string;
  readonly requests: ScriptedRequest[];
  readonly access: ClusterAccess;
  close(): Promise<void>;
}

/** `choose` returns the answer for a request, or undefined when the script has none. */
export async function startScriptedServer(
  choose: (request: ScriptedRequest) => Answer | undefined,
): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
      const request: ScriptedRequest = {
        method: incoming.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        at: performance.now(),
      };
      requests.push(request);
      const answer = choose(request);
      if (answer) answer(request, response);
      else response.writeHead(599).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    requests,
    access: { server: url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers in the order given. */
export function inOrder(...answers: readonly Answer[]): (request: ScriptedRequest) => Answer | undefined {
  let next = 0;
  return () => answers[next++];
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
}

/** A `v1.Status` failure, as the API server writes it. */
export function failure(code: number, reason: string, message: string, details: object = {}, headers = {}): Answer {
  return json({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code, details }, code, headers);
}
