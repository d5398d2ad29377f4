/**
 * Tests every other way to install zen-lead: each one is installed, fails over, and is removed.
 */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { attachCluster } from './attachCluster.ts';
import { rendered } from './rendered.ts';
import { loseLeader, startWorkload, type Workload } from './startWorkload.ts';
import { applyOverlay, waitUntilReady } from './zenLead.ts';

const { directory, pid, programs } = inject('cluster');
const cluster = attachCluster(directory, pid);
const deploy = resolve(import.meta.dirname, '../../deploy');
const overlay = (name: string): string => resolve(import.meta.dirname, 'overlays', name);
const helm = (...args: string[]): Promise<string> => cluster.run(join(programs, 'helm'), ...args);
const chart = join(deploy, 'helm/zen-lead');
// --set-string because a tag is text, even when it has digits only.
const image = ['--set', 'image.repository=dev.local/zen-lead', '--set-string', 'image.tag=1'];

interface Way {
  readonly install: () => Promise<unknown>;
  readonly remove: () => Promise<unknown>;
}

function kustomize(name: string, deployments: readonly string[]): Way {
  return {
    async install() {
      await cluster.kubectl('apply', '-k', overlay(name));
      for (const each of deployments)
        await cluster.kubectl('-n', 'zen-lead', 'rollout', 'status', `deploy/${each}`, '--timeout=120s');
    },
    remove: () => cluster.kubectl('delete', '-k', overlay(name), '--timeout=120s'),
  };
}

function helmChart(...values: string[]): Way {
  const args = ['zen-lead', chart, '-n', 'zen-lead', '--create-namespace', '--wait', '--timeout', '3m'];
  return {
    install: () => helm('upgrade', '--install', ...args, ...image, ...values),
    async remove() {
      await helm('uninstall', 'zen-lead', '-n', 'zen-lead', '--wait');
      await cluster.kubectl('delete', 'namespace', 'zen-lead', '--timeout=120s');
    },
  };
}

const ways: readonly (readonly [string, Way])[] = [
  ['two Deployments, by kustomize', kustomize('plain', ['zen-lead-bridge', 'zen-lead-functions'])],
  ['one process, by kustomize', kustomize('one', ['zen-lead'])],
  ['one process for one namespace, by kustomize', kustomize('namespaced', ['zen-lead'])],
  ['two Deployments, by Helm', helmChart('--set', 'mode=deployments,clusterWide=true')],
  ['one process for one namespace, by Helm', helmChart('--set', 'mode=one,namespaces={install}')],
  ['two Deployments for one namespace, by Helm', helmChart('--set', 'mode=deployments,namespaces={install}')],
  ['Knative, by Helm', helmChart('--set', 'mode=knative,clusterWide=true')],
];

describe('installed as', () => {
  let workload: Workload;
  beforeAll(async () => {
    workload = await startWorkload(cluster, 'install');
    // Only one installation at a time, or the test would not know which one acted.
    await cluster.kubectl('delete', '-k', overlay('first'), '--timeout=180s');
  });
  afterAll(async () => {
    await workload.remove();
    await applyOverlay(cluster, 'first');
    await waitUntilReady(cluster);
  });

  test.each(ways)('zen-lead installed as %s fails over, and leaves the route when it goes', async (_name, way) => {
    await way.install();
    const leader = (await workload.readLeader()) ?? '';
    await loseLeader(cluster, workload, leader);
    const next = await workload.waitForOther(leader);
    await way.remove();
    // The route needs no program to keep it: it is an EndpointSlice.
    expect(await workload.readLeader()).toBe(next);
    await cluster.kubectl('-n', workload.namespace, 'rollout', 'status', 'deploy/web', '--timeout=60s');
  });
});

describe('what is shipped', () => {
  test.each(['knative', 'kubernetes', 'kubernetes/one', 'cluster-wide/knative', 'guard'])(
    'passes the API server and Knative’s webhooks: deploy/%s',
    async (path) => {
      const args = ['--server-side', '--force-conflicts', '--dry-run=server'];
      const answer = await cluster.kubectl('apply', '-k', join(deploy, path), ...args);
      expect(answer).toContain('serverside-applied (server dry run)');
    },
  );

  test('the chart with variables of a user passes the API server and Knative’s webhooks', async () => {
    const manifest = readFileSync(join(deploy, 'helm/rendered/traced.yaml'), 'utf8');
    expect(await cluster.apply(manifest, '--dry-run=server')).toContain('serverside-applied (server dry run)');
  });

  test('the chart passes helm lint, and has no value that its schema does not know', async () => {
    const linted = await helm('lint', '--strict', chart);
    expect(linted).toContain('0 chart(s) failed');
    // Such as a missing icon, which is a recommendation.
    expect(linted).not.toContain('[INFO]');
    await expect(helm('template', chart, '--set', 'bridge.replica=3')).rejects.toThrow(/'replica' not allowed/);
    await expect(helm('template', chart, '--set', 'knative.timeoutSeconds=10')).rejects.toThrow(/timeoutSeconds/);
    const fieldRef = '[{"name":"POD","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]';
    const field = ['--kube-version', '1.35.0', '--set-json', `functions.extraEnv=${fieldRef}`];
    expect(await helm('template', chart, ...field)).toContain('fieldPath: metadata.name');
    await expect(helm('template', chart, ...field, '--set', 'mode=knative')).rejects.toThrow(/fieldRef/);
    await expect(
      helm('template', chart, '--set-json', 'bridge.extraEnv=[{"name":"PORT","value":"1"}]'),
    ).rejects.toThrow(/bridge\/extraEnv\/0\/name/);
  });

  test.each(Object.entries(rendered))(
    'is rendered by helm as deploy/helm/rendered/%s.yaml shows',
    async (name, args) => {
      const output = await helm('template', 'zen-lead', chart, '-n', 'zen-lead', '--kube-version', '1.35.0', ...args);
      // After a change of the chart, run `npm run helm:render`.
      expect(output).toBe(readFileSync(join(deploy, 'helm/rendered', `${name}.yaml`), 'utf8'));
    },
  );

  test('Knative’s webhooks refuse a field that is not allowed', async () => {
    const manifest = (await cluster.kubectl('kustomize', join(deploy, 'knative'))).replace(
      'serviceAccountName: zen-lead-functions',
      'serviceAccountName: zen-lead-functions\n      securityContext: { runAsNonRoot: true }',
    );
    await expect(cluster.apply(manifest, '--dry-run=server')).rejects.toThrow(/must not set the field/);
  });
});
