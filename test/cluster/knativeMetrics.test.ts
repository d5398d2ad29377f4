/**
 * Tests that the real Knative serves the numbers that our monitors, dashboard and alert ask of its
 * queue-proxy, activator and autoscaler, where docs/how-to/operations.md says so.
 */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { attachCluster } from './attachCluster.ts';
import { setConfig } from './installKnative.ts';
import { loseLeader, startWorkload, type Workload } from './startWorkload.ts';
import { waitUntilReady } from './zenLead.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);
const read = (file: string) => readFileSync(new URL(`../../deploy/${file}`, import.meta.url), 'utf8');

interface PodMonitor {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly namespaceSelector?: { readonly matchNames: readonly string[] };
    readonly selector: {
      readonly matchLabels?: Readonly<Record<string, string>>;
      readonly matchExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[];
    };
    readonly podMetricsEndpoints: readonly [{ readonly port: string; readonly path: string }];
  };
}

const monitors = parseAllDocuments(read('prometheus/knative/pod-monitors.yaml')).map(
  (document) => document.toJS() as PodMonitor,
);

/** The page of each pod that a monitor selects, as Prometheus would scrape it. */
async function scrape(name: string): Promise<readonly string[]> {
  const monitor = monitors.find((each) => each.metadata.name === name);
  if (monitor === undefined) throw new Error(`no monitor ${name}`);
  const { selector, namespaceSelector, podMetricsEndpoints } = monitor.spec;
  const [namespace = monitor.metadata.namespace] = namespaceSelector?.matchNames ?? [];
  const [{ port, path }] = podMetricsEndpoints;
  const labels = [
    ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(selector.matchExpressions ?? []).map(({ key, values }) => `${key} in (${values.join(',')})`),
  ].join(',');
  const running = ['--field-selector=status.phase=Running', '-o', 'json'];
  const { items } = JSON.parse(await cluster.kubectl('-n', namespace, 'get', 'pods', '-l', labels, ...running)) as {
    items: {
      metadata: { name: string };
      spec: { containers: { ports?: { name?: string; containerPort: number }[] }[] };
    }[];
  };
  return Promise.all(
    items.map(async ({ metadata, spec }) => {
      const found = spec.containers.flatMap(({ ports = [] }) => ports).find((each) => each.name === port);
      const proxy = `/api/v1/namespaces/${namespace}/pods/${metadata.name}:${found?.containerPort}/proxy${path}`;
      // A pod that goes away has no page.
      return cluster.kubectl('get', '--raw', proxy).catch(() => '');
    }),
  );
}

/** Every name of Knative's that we ask for, by the monitor that brings it. */
function namesAskedFor(): { readonly ofQueueProxy: readonly string[]; readonly ofKnative: readonly string[] } {
  const asked = `${read('grafana/zen-lead.json')} ${read('prometheus/rules.yaml')}`;
  const names = [...new Set(asked.match(/\bkn_\w+/g) ?? [])].filter((name) => name !== 'kn_revision_name');
  return {
    ofQueueProxy: names.filter((name) => name.startsWith('kn_serving_')),
    ofKnative: names.filter((name) => !name.startsWith('kn_serving_')),
  };
}

describe('where config-observability asks for them', () => {
  let workload: Workload;
  beforeAll(async () => {
    const protocols = { 'metrics-protocol': 'prometheus', 'request-metrics-protocol': 'prometheus' };
    await setConfig(cluster, 'config-observability', protocols);
    const knative = ['-n', 'knative-serving', 'rollout'];
    await cluster.kubectl(...knative, 'restart', 'deploy/activator', 'deploy/autoscaler');
    for (const name of ['activator', 'autoscaler'])
      await cluster.kubectl(...knative, 'status', `deploy/${name}`, '--timeout=150s');
    await waitUntilReady(cluster);
    workload = await startWorkload(cluster, 'knative-metrics');
  });
  afterAll(async () => {
    await workload.remove();
    await setConfig(cluster, 'config-observability', {
      'metrics-protocol': 'none',
      'request-metrics-protocol': 'none',
    });
    await waitUntilReady(cluster);
  });

  test('the queue-proxy of the functions serves what the dashboard asks of it', async () => {
    const { ofQueueProxy } = namesAskedFor();
    expect(ofQueueProxy.length).toBeGreaterThan(0);
    const leader = (await workload.readLeader()) ?? '';
    await loseLeader(cluster, workload, leader);
    await workload.waitForOther(leader);
    for (const name of ofQueueProxy)
      await expect
        .poll(async () => (await scrape('zen-lead-functions-queue-proxy')).join('\n'), {
          message: name,
          timeout: 120_000,
        })
        .toMatch(new RegExp(`^${name}\\{`, 'm'));
  });

  test('activator and autoscaler serve what the dashboard and the alert ask of them', async () => {
    const { ofKnative } = namesAskedFor();
    expect(ofKnative).toContain('kn_revision_request_queued');
    for (const name of ofKnative)
      await expect
        .poll(async () => (await scrape('zen-lead-knative')).join('\n'), { message: name, timeout: 120_000 })
        .toMatch(new RegExp(`^${name}\\{[^}]*kn_revision_name="zen-lead-functions-\\d+"`, 'm'));
  });
});
