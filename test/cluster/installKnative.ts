/**
 * Installs real Knative Serving, from the manifests of its own modules, and the suite's gateway for
 * it.
 *
 * Left out is what the suite does not use (HPA autoscaling class, domain mappings, certificates).
 */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './attachCluster.ts';
import type { ClusterAssets } from './clusterAssets.ts';
import { readManifests } from './knativeManifests.ts';

const namespace = 'knative-serving';
const deployments = ['webhook', 'controller', 'autoscaler', 'activator'];
const rollout = '--timeout=150s';

export async function installKnative(cluster: Cluster, { directory }: ClusterAssets): Promise<void> {
  const config = join(directory, 'knative-config');
  const core = join(config, 'serving/core');
  const apply = (...paths: string[]) => cluster.apply(readManifests(...paths));

  await apply(join(core, '100-namespace.yaml'));
  await apply(join(core, '300-resources'), join(config, 'caching'), join(config, 'networking'));
  await cluster.kubectl('wait', '--for=condition=Established', 'crd', '--all', rollout);
  // kubectl's discovery may not know the kinds above for a moment.
  await retry(() =>
    apply(
      join(core, '200-serviceaccount.yaml'),
      join(core, '200-roles'),
      join(core, '300-knativecertificate.yaml'),
      join(core, 'configmaps'),
    ),
  );
  await setConfig(cluster, 'config-deployment', { 'queue-sidecar-image': 'dev.local/queue:1' });
  await setConfig(cluster, 'config-network', { 'ingress-class': 'zen-lead-test.ingress.networking.knative.dev' });
  await apply(...deployments.map((name) => join(core, 'deployments', `${name}.yaml`)));
  await apply(join(core, 'webhooks'));
  await cluster.apply(readFileSync(resolve(import.meta.dirname, 'ingress/ingress.yaml'), 'utf8'));
  for (const name of deployments)
    await cluster.kubectl('-n', namespace, 'rollout', 'status', `deploy/${name}`, rollout);
  await cluster.kubectl('-n', 'zen-lead-ingress', 'rollout', 'status', 'deploy/ingress', rollout);
}

export async function setConfig(cluster: Cluster, name: string, data: Readonly<Record<string, string>>): Promise<void> {
  await cluster.request('PATCH', `/api/v1/namespaces/${namespace}/configmaps/${name}`, { data });
}

async function retry(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (attempt === 5) throw error;
      await sleep(1_000);
    }
  }
}
