/**
 * Stands in for a metrics adapter: a proxy in front of the API server that answers for external
 * metrics, and hands everything else on. The HPA controller is pointed at it.
 *
 * Source:
 * https://github.com/kubernetes/metrics/blob/v0.35.4/pkg/apis/external_metrics/v1beta1/types.go
 */

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { request as forward } from 'node:https';
import type { AddressInfo } from 'node:net';

/** The value of a metric for the labels that an HPA selects; null where there is none. */
export type ReadMetric = (namespace: string, metric: string, selector: string) => Promise<number | null>;

const PATH = /^\/apis\/external\.metrics\.k8s\.io\/v1beta1\/namespaces\/([^/]+)\/([^/?]+)(?:\?(.*))?$/;

interface ApiServer {
  readonly url: string;
  readonly caFile: string;
  /** The proxy adds it, because clients send none over plain HTTP. */
  readonly token: string;
}

/** Resolves to its URL. It ends with the process. */
export async function startExternalMetrics({ url, caFile, token }: ApiServer, read: ReadMetric): Promise<string> {
  const target = new URL(url);
  const ca = readFileSync(caFile);
  const server: Server = createServer((incoming, outgoing) => {
    const [, namespace, metric, query] = PATH.exec(incoming.url ?? '') ?? [];
    if (namespace !== undefined && metric !== undefined) void answer(outgoing, namespace, metric, query ?? '');
    else handOn(incoming, outgoing);
  });

  async function answer(outgoing: ServerResponse, namespace: string, metric: string, query: string): Promise<void> {
    const selector = new URLSearchParams(query).get('labelSelector') ?? '';
    const value = await read(namespace, metric, selector).catch(() => null);
    const timestamp = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const item = { metricName: metric, metricLabels: {}, timestamp, value: String(value) };
    outgoing.setHeader('content-type', 'application/json');
    outgoing.end(
      JSON.stringify({
        kind: 'ExternalMetricValueList',
        apiVersion: 'external.metrics.k8s.io/v1beta1',
        metadata: {},
        items: value === null ? [] : [item],
      }),
    );
  }

  const own = (headers: IncomingMessage['headers']) => ({
    ...headers,
    host: target.host,
    authorization: `Bearer ${token}`,
  });

  function handOn(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, url: path, headers } = incoming;
    const { hostname, port } = target;
    const sent = forward({ hostname, port, method, path, headers: own(headers), ca }, (answered) => {
      outgoing.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(outgoing);
    });
    sent.on('error', () => outgoing.destroy());
    outgoing.on('close', () => sent.destroy());
    incoming.pipe(sent);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
