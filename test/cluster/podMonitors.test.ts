/**
 * Tests metrics in the cluster: every pod of zen-lead can be scraped where deploy/prometheus says,
 * also on Knative with the queue-proxy beside it.
 */

import { readFileSync } from 'node:fs';
import { expect, inject, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { attachCluster } from './attachCluster.ts';
import { waitUntilReady } from './zenLead.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);
const monitorsFile = new URL('../../deploy/prometheus/pod-monitors.yaml', import.meta.url);

interface PodMonitor {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly podMetricsEndpoints: readonly { readonly port: string; readonly path: string }[];
  };
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly containers: readonly {
      readonly name: string;
      readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
    }[];
  };
}

/** This cluster runs the bridge, and functions on Knative. */
test.each([
  ['zen-lead-bridge', 'zen_lead_watch_staleness_seconds{resource="pods"}'],
  // The functions have at least fetched the keys that verify tokens.
  ['zen-lead-functions-knative', 'zen_lead_api_call_duration_seconds_count{'],
])('the PodMonitor %s finds its pods, and they export %s', async (name, metric) => {
  await waitUntilReady(cluster);
  const documents = parseAllDocuments(readFileSync(monitorsFile, 'utf8')).map((one) => one.toJS() as PodMonitor);
  const monitor = documents.find((each) => each.metadata.name === name);
  const labels = Object.entries(monitor?.spec.selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const output = await cluster.kubectl(
    ...['-n', 'zen-lead', 'get', 'pods', '-l', labels.join(','), '--field-selector=status.phase=Running', '-o', 'json'],
  );
  const { items } = JSON.parse(output) as { readonly items: readonly Pod[] };
  expect(items.length).toBeGreaterThan(0);
  for (const { metadata, spec } of items) {
    for (const endpoint of monitor?.spec.podMetricsEndpoints ?? []) {
      const port = spec.containers
        .flatMap(({ ports = [] }) => ports)
        .find((each) => each.name === endpoint.port)?.containerPort;
      expect(port, `${metadata.name}: ${endpoint.port}`).toBeDefined();
      const path = `/api/v1/namespaces/zen-lead/pods/${metadata.name}:${port}/proxy${endpoint.path}`;
      const page = await cluster.kubectl('get', '--raw', path);
      expect(page, metadata.name).toContain('zen_lead_build_info{');
      expect(page, metadata.name).toContain(metric);
    }
  }
});
