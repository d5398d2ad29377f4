/**
 * Installs real Knative Eventing beside Serving, from the manifests of its own module, and removes
 * it.
 *
 * One test file installs it, so that only its stories pay for eight more programs on two cores.
 * Left out is what the components of deploy/knative do not use (PingSource, JobSink, RequestReply,
 * autoscaling of a Broker).
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from './attachCluster.ts';
import { eventingName, eventingPrograms } from './clusterAssets.ts';
import { writeProgramImage } from './clusterImages.ts';
import { readManifests } from './knativeManifests.ts';

const namespace = 'knative-eventing';
const deployments = [
  'eventing-webhook',
  'eventing-controller',
  'imc-controller',
  'imc-dispatcher',
  'mt-broker-controller',
  'mt-broker-ingress',
  'mt-broker-filter',
];
const kinds = ['core/resources', 'channels/in-memory-channel/resources'];
const webhooks = ['core/webhooks', 'channels/in-memory-channel/webhooks'];
const rest = [
  'core',
  'core/roles',
  'core/configmaps',
  'core/deployments/controller.yaml',
  'core/deployments/webhook.yaml',
  'channels/in-memory-channel',
  'channels/in-memory-channel/roles',
  'channels/in-memory-channel/configmaps',
  'channels/in-memory-channel/deployments',
  'brokers/mt-channel-broker/roles',
  'brokers/mt-channel-broker/deployments/broker-filter.yaml',
  'brokers/mt-channel-broker/deployments/broker-ingress.yaml',
  'brokers/mt-channel-broker/deployments/controller.yaml',
];
const rollout = '--timeout=150s';

/** `programs` is the folder that `npm run cluster:assets` built. */
export async function installEventing(cluster: Cluster, programs: string): Promise<void> {
  const read = reader(programs);
  for (const program of eventingPrograms) {
    const name = eventingName(program);
    const image = writeProgramImage(join(cluster.directory, 'images'), name, join(programs, name));
    await cluster.loadImage(image);
    rmSync(image);
  }
  await cluster.apply(read(['core/100-namespace.yaml', ...kinds]));
  await cluster.kubectl('wait', '--for=condition=Established', 'crd', '--all', rollout);
  await cluster.apply(withoutImagesOfOthers(read(rest)));
  await cluster.apply(read(webhooks));
  for (const name of deployments)
    await cluster.kubectl('-n', namespace, 'rollout', 'status', `deploy/${name}`, rollout);
}

/** Objects of its kinds have to be gone before, because their finalizers need its controllers. */
export async function removeEventing(cluster: Cluster, programs: string): Promise<void> {
  const read = reader(programs);
  // Webhooks go first: without their servers they would refuse the deletions of the other files.
  for (const paths of [webhooks, kinds, rest]) await cluster.remove(read(paths));
}

function reader(programs: string): (paths: readonly string[]) => string {
  const config = join(programs, 'knative-config/eventing');
  return (paths) => readManifests(...paths.map((path) => join(config, path)));
}

/**
 * Drops images of transformations and integrations, in ConfigMaps that another repository
 * publishes. The suite makes no such objects.
 */
function withoutImagesOfOthers(manifest: string): string {
  return manifest.replaceAll(/^( +)name: eventing-(transformations|integrations)-images$/gm, '$&\n$1optional: true');
}
