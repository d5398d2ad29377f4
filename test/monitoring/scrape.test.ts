/**
 * Has a real Prometheus take deploy/prometheus/scrape.yaml, the way without the operator, and pick
 * our ports.
 *
 * Debian builds Prometheus without `kubernetes_sd_configs`. The pods therefore come as static
 * targets, with the labels that this kind of discovery gives them. The rest of the file is what is
 * shipped.
 */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { listShippedPods } from './shippedPods.ts';
import { spawnPrometheus } from './spawnPrometheus.ts';

const read = (file: string) => readFileSync(new URL(`../../deploy/prometheus/${file}`, import.meta.url), 'utf8');
const job = z.looseObject({
  kubernetes_sd_configs: z.tuple([
    z.strictObject({ role: z.literal('pod'), namespaces: z.strictObject({ names: z.array(z.string()).min(1) }) }),
  ]),
});
const config = z.looseObject({ scrape_configs: z.tuple([job, z.unknown()]) }).parse(parse(read('scrape.yaml')));
const target = z.object({ discoveredLabels: z.record(z.string(), z.string()) });
const found = z.object({
  data: z.object({
    activeTargets: z.array(target.extend({ labels: z.record(z.string(), z.string()), scrapeUrl: z.string() })),
    droppedTargets: z.array(target),
  }),
});

const stranger = {
  name: 'a pod of another owner',
  labels: {
    __meta_kubernetes_namespace: 'zen-lead',
    __meta_kubernetes_pod_name: 'stranger',
    __meta_kubernetes_pod_label_app_kubernetes_io_part_of: 'shop',
    __meta_kubernetes_pod_container_port_name: 'http',
  },
};

it('discovers pods in every namespace that the manifests use', () => {
  const [{ kubernetes_sd_configs: discovery }] = config.scrape_configs;
  const namespaces = listShippedPods().map(({ labels }) => labels['__meta_kubernetes_namespace']);
  expect(discovery[0].namespaces.names.toSorted()).toEqual([...new Set(namespaces)].toSorted());
});

it('scrapes one port of each of our pods, on Knative past the queue-proxy, and nothing else', async () => {
  const pods = [...listShippedPods(), stranger];
  const [{ kubernetes_sd_configs: _, ...rest }] = config.scrape_configs;
  // Each pod needs an address of its own, or Prometheus takes two pods for one.
  const targets = pods.map(({ labels }, index) => ({ targets: [`192.0.2.1:${index + 1}`], labels }));
  const prometheus = await spawnPrometheus(
    { ...config, scrape_configs: [{ ...rest, static_configs: targets }] },
    read('rules.yaml'),
  );
  const list = async () => {
    const body = await prometheus.read('/api/v1/targets').catch(() => undefined);
    return body === undefined ? undefined : found.parse(body).data;
  };
  await expect
    .poll(
      async () => {
        const lists = await list();
        return (lists?.activeTargets.length ?? 0) + (lists?.droppedTargets.length ?? 0);
      },
      { timeout: 30_000, interval: 200 },
    )
    .toBe(pods.length);

  const { activeTargets = [] } = (await list()) ?? {};
  const names = new Set(listShippedPods().map(({ labels }) => labels['__meta_kubernetes_pod_name']));
  expect(activeTargets.map(({ labels }) => labels['instance']).toSorted()).toEqual([...names].toSorted());
  const portNames = activeTargets.map(
    ({ discoveredLabels }) => discoveredLabels['__meta_kubernetes_pod_container_port_name'],
  );
  expect([...new Set(portNames)].toSorted()).toEqual(['api', 'http', 'https', 'probes', 'user-port']);
  const ofWebhooks = activeTargets.filter(({ labels }) => labels['instance']?.includes('flow-webhook'));
  expect(ofWebhooks.map(({ scrapeUrl }) => new URL(scrapeUrl).protocol)).toEqual(ofWebhooks.map(() => 'https:'));
  expect(ofWebhooks).not.toEqual([]);
});
