/**
 * Tests every file of examples/ as its header says it is used: `kubectl apply`, then the pods of
 * its workload.
 *
 * No controller here makes pods of a Deployment, StatefulSet or CronJob. The test makes them from
 * its template.
 */

import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Namespace } from '../support/controlPlane/createNamespace.ts';
import { listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader, readRoute } from '../support/controlPlane/readRoute.ts';
import { type Pod, startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const folder = resolve(import.meta.dirname, '../../examples');
const world = useZenLead();

const template = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()) }),
  spec: z.object({
    containers: z.array(
      z.object({ ports: z.array(z.object({ name: z.string().optional(), containerPort: z.number() })) }),
    ),
  }),
});

/**
 * Runs `kubectl apply -f`, then makes pods `<workload>-0`, `-1`, … from the workload's template,
 * all Ready.
 */
async function applyExample(namespace: Namespace, file: string, workload: string, path: string, replicas: number) {
  await namespace.kubectl('apply', '-f', `${folder}/${file}`);
  const { metadata, spec } = template.parse(
    JSON.parse(await namespace.kubectl('get', workload, '-o', `jsonpath={${path}}`)),
  );
  const ports = spec.containers.flatMap((container) => container.ports);
  const pods: Pod[] = [];
  for (let i = 0; i < replicas; i += 1) {
    pods.push(
      await startPod(namespace, {
        name: `${workload.split('/')[1]}-${i}`,
        labels: metadata.labels,
        ports: ports.map(({ name, containerPort }) => ({ ...(name && { name }), containerPort })),
      }),
    );
  }
  const [first, second, third] = pods;
  if (first === undefined || second === undefined) throw new Error('an example needs at least two pods');
  return { first, second, third };
}

describe('examples', () => {
  test('each example has a story here', () => {
    const manifests = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
    expect(manifests.sort()).toEqual([
      'api-gateway.yaml',
      'connection-pool-manager.yaml',
      'metrics-aggregator.yaml',
      'postgres.yaml',
      'scheduled-job.yaml',
      'stateless-controller.yaml',
    ]);
  });

  test('postgres: one pod takes the writes, the others the reads, and the next one takes over', async () => {
    const namespace = await world.namespace();
    const { first, second } = await applyExample(
      namespace,
      'postgres.yaml',
      'statefulset/postgres',
      '.spec.template',
      3,
    );
    await expect.poll(() => readLeader(namespace, 'postgres-leader')).toBe('postgres-0');
    expect(await readRoute(namespace, 'postgres-leader')).toEqual([
      { addressType: 'IPv4', pod: 'postgres-0', address: first.ipv4, ports: ['postgres 5432/TCP'] },
    ]);
    await expect.poll(() => readLeader(namespace, 'postgres-followers')).toBe('postgres-1 and postgres-2');
    expect(await namespace.kubectl('get', 'service', 'postgres-leader')).toContain('5432/TCP');

    await first.setReady(false);
    await expect
      .poll(() => readRoute(namespace, 'postgres-leader'))
      .toEqual([{ addressType: 'IPv4', pod: 'postgres-1', address: second.ipv4, ports: ['postgres 5432/TCP'] }]);
    await expect.poll(() => readLeader(namespace, 'postgres-followers')).toBe('postgres-2');
  });

  test('stateless-controller: a pod leads only after it has been Ready for ten seconds', async () => {
    const namespace = await world.namespace();
    await applyExample(namespace, 'stateless-controller.yaml', 'deployment/my-controller', '.spec.template', 3);
    const appliedAt = Date.now();
    await expect.poll(() => readLeader(namespace, 'my-controller-leader')).toBe('no pod');
    await staysSo(() => readLeader(namespace, 'my-controller-leader'));
    await expect.poll(() => readLeader(namespace, 'my-controller-leader')).toBe('my-controller-0');
    // a kubelet writes whole seconds, rounded down
    expect(Date.now() - appliedAt).toBeGreaterThan(8_000);
  });

  test('api-gateway: named ports are those of the pod that leads, and the public Service stays as it is', async () => {
    const namespace = await world.namespace();
    const { first } = await applyExample(namespace, 'api-gateway.yaml', 'deployment/api-gateway', '.spec.template', 3);
    await expect
      .poll(() => readRoute(namespace, 'api-gateway-leader'))
      .toEqual([
        { addressType: 'IPv4', pod: 'api-gateway-0', address: first.ipv4, ports: ['admin 9090/TCP', 'http 8080/TCP'] },
      ]);
    expect(await readService(namespace, 'api-gateway-public')).toMatchObject({
      metadata: { ownerReferences: [], labels: {} },
      spec: { selector: { app: 'api-gateway' } },
    });
  });

  test('scheduled-job: a run that finishes hands over to the next, and no pod leads after the last', async () => {
    const namespace = await world.namespace();
    const { first, second } = await applyExample(
      namespace,
      'scheduled-job.yaml',
      'cronjob/report-generator',
      '.spec.jobTemplate.spec.template',
      2,
    );
    await expect.poll(() => readLeader(namespace, 'report-generator-leader')).toBe('report-generator-0');
    await first.setPhase('Succeeded');
    await expect.poll(() => readLeader(namespace, 'report-generator-leader')).toBe('report-generator-1');
    await second.setPhase('Failed');
    await expect.poll(() => readLeader(namespace, 'report-generator-leader')).toBe('no pod');
  });

  test('connection-pool-manager: a short NotReady moves nothing, a long one does', async () => {
    const namespace = await world.namespace();
    const { first } = await applyExample(
      namespace,
      'connection-pool-manager.yaml',
      'deployment/pool-manager',
      '.spec.template',
      3,
    );
    await expect.poll(() => readLeader(namespace, 'pool-manager-leader')).toBe('pool-manager-0');
    await first.setReady(false);
    await staysSo(() => readLeader(namespace, 'pool-manager-leader'));
    await first.setReady(true);
    await first.setReady(false);
    const notReadyAt = Date.now();
    await expect.poll(() => readLeader(namespace, 'pool-manager-leader')).toBe('pool-manager-1');
    expect(Date.now() - notReadyAt).toBeGreaterThan(4_500);
  });

  test('metrics-aggregator: the last pod is held while it exists', async () => {
    const namespace = await world.namespace();
    const { first, second } = await applyExample(
      namespace,
      'metrics-aggregator.yaml',
      'deployment/metrics-aggregator',
      '.spec.template',
      2,
    );
    await expect.poll(() => readLeader(namespace, 'metrics-aggregator-leader')).toBe('metrics-aggregator-0');
    const [slice] = await listSlices(namespace, 'metrics-aggregator-leader');
    expect(slice?.ports).toEqual([{ name: 'metrics', port: 9091, protocol: 'TCP' }]);
    await second.setReady(false);
    await first.setReady(false);
    await staysSo(() => readLeader(namespace, 'metrics-aggregator-leader'));
    await first.kill();
    await expect.poll(() => readLeader(namespace, 'metrics-aggregator-leader')).toBe('no pod');
  });
});
