/**
 * Serves the gauges of a page of metrics as external metrics, as a metrics adapter does for an HPA.
 * Runs as a pod (adapter.yaml) behind an APIService, on a plain Node, without a dependency.
 *
 * Source:
 * https://github.com/kubernetes/metrics/blob/v0.35.4/pkg/apis/external_metrics/v1beta1/types.go
 */

import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import https from 'node:https';

const GROUP = '/apis/external.metrics.k8s.io/v1beta1';
const METRIC = new RegExp(`^${GROUP}/namespaces/([^/]+)/([^/]+)$`);
const certificate = { cert: readFileSync('/certificate/tls.crt'), key: readFileSync('/certificate/tls.key') };

/** Of all replicas, as Prometheus scrapes them: only one of them reports about Services. */
async function readPages(): Promise<string> {
  const { hostname, port, pathname } = new URL(process.env['PAGES'] ?? '');
  const pages = (await lookup(hostname, { all: true, family: 4 })).map(async ({ address }) => {
    const answer = await fetch(`http://${address}:${port}${pathname}`, { signal: AbortSignal.timeout(1_000) });
    return answer.text();
  });
  return (await Promise.all(pages.map((page) => page.catch(() => '')))).join('\n');
}

/** `selector`: `service=worker`, as in the HPA of the example. */
async function read(namespace: string, metric: string, selector: string): Promise<readonly object[]> {
  const page = await readPages();
  const [label, value] = selector.split('=');
  const start = `${metric}{namespace="${namespace}",${label}="${value}"} `;
  const line = page.split('\n').find((each) => each.startsWith(start));
  if (line === undefined) return [];
  const timestamp = `${new Date().toISOString().slice(0, 19)}Z`;
  return [{ metricName: metric, metricLabels: {}, timestamp, value: line.slice(start.length) }];
}

https
  .createServer(certificate, async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://adapter');
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (pathname === GROUP)
      return answer(200, {
        kind: 'APIResourceList',
        apiVersion: 'v1',
        groupVersion: 'external.metrics.k8s.io/v1beta1',
        resources: [],
      });
    const [, namespace, metric] = METRIC.exec(pathname) ?? [];
    if (namespace === undefined || metric === undefined) return answer(404, { kind: 'Status', status: 'Failure' });
    const items = await read(namespace, metric, searchParams.get('labelSelector') ?? '').catch(() => []);
    const kind = 'ExternalMetricValueList';
    return answer(200, { kind, apiVersion: 'external.metrics.k8s.io/v1beta1', metadata: {}, items });
  })
  .listen(8443);
