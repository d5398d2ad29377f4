/**
 * Tests that a person at a terminal sees the verdicts that only a bridge knows: `explain --bridge`
 * and `status --bridge`, against a whole zen-lead on the embedded API.
 */

import Fastify from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { createStatusFeed } from '../../../api/statusFeed.ts';
import { startProbes } from '../../../cli/serve/startProbes.ts';
import { startZenLead } from '../../../cli/serve/startZenLead.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { loadClusterAccess } from '../../../lib/kube/kubeconfig.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { aPodManifest, aPodStatus } from '../../support/objects/aPodManifest.ts';
import { aKubeconfig } from '../../support/programs/aKubeconfig.ts';
import { typeCommand } from '../../support/programs/typeCommand.ts';
import { createCheckedPods } from '../../support/servers/checkedPods.ts';

const annotations = {
  'zen-lead.io/enabled': 'true',
  'zen-lead.io/health-check': 'http://:8080/healthz',
  'zen-lead.io/health-check-interval': '100ms',
  'zen-lead.io/health-check-failure-threshold': '1',
};

/** Two Ready pods that answer, and a zen-lead that asks them. */
async function aCheckedService() {
  const { server, kubeconfig } = await aKubeconfig();
  const pods = createCheckedPods();
  onTestFinished(() => pods.close());
  for (const [name, ip] of [
    ['db-0', '10.0.0.1'],
    ['db-1', '10.0.0.2'],
  ] as const) {
    await pods.start(ip);
    server.objects.create(aPodManifest({ name, namespace: 'default' }));
    const key = { resource: 'pods', namespace: 'default', name };
    server.objects.patchStatus(key, { status: aPodStatus({ ready: true, ips: [ip] }) });
  }
  server.objects.create({
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'db', namespace: 'default', annotations } },
    spec: { selector: { app: 'db' }, ports: [{ port: 5432 }] },
  });
  const metrics = createMetrics();
  const api = createKubeApi(await loadClusterAccess({ kubeconfigPath: kubeconfig }), { metrics });
  onTestFinished(() => api.close());
  const feed = createStatusFeed();
  onTestFinished(() => feed.close());
  const zenLead = startZenLead({
    ...{ api, clusterName: 'test', namespaces: [], metrics, log: silentLogger, onConcern: feed.note },
    checks: { probeHostNetwork: false, maxProbesPerSecond: 2_000, network: pods.network },
  });
  onTestFinished(() => zenLead.close());
  feed.follow(zenLead);
  const probes = await startProbes({
    ...{ host: '127.0.0.1', port: 0, metrics, isReady: zenLead.readiness, feed },
    readObservations: zenLead.observationsOf,
  });
  onTestFinished(() => probes.close());
  const bridge = ['--bridge', probes.url] as const;
  const explain = (...args: readonly string[]) =>
    typeCommand('explain', 'default/db', '--kubeconfig', kubeconfig, ...args).then(
      ({ stdout, stderr }) => stdout + stderr,
    );
  return { pods, bridge, explain };
}

it('explain and status say which pod fails its check, since when, where a bridge is asked', async () => {
  const { pods, bridge, explain } = await aCheckedService();
  await expect.poll(() => explain(...bridge)).toMatch(/db-0 +leads; passes its check since 20/);
  for (const ip of ['10.0.0.1', '10.0.0.2']) pods.answer(ip, 503);
  await expect.poll(() => explain(...bridge)).toMatch(/db-1 .*fails its check \(http-503\) since 20/);
  const text = await explain(...bridge);
  expect(text).toMatch(/db-0 +leads.*fails its check \(http-503\) since 20/);
  expect(text).toContain('AllUnhealthy');
  const { stdout } = await typeCommand('status', ...bridge);
  expect(stdout).toMatch(/default +db +db-0 .*fails its check/);

  const alone = await explain();
  expect(alone).toContain('no verdict is known here');
  expect(alone).toContain('--bridge');
});

it('what is no bridge, or none that is there, is named', async () => {
  const { explain } = await aCheckedService();
  const other = Fastify();
  other.get('/v1/observations/default/db', () => ({ observer: 'x', pods: 'all' }));
  const url = await other.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => other.close());
  expect(await explain('--bridge', url)).toContain(`--bridge: ${url}/v1/observations/default/db: its answer is not`);
  await other.close();
  expect(await explain('--bridge', url)).toMatch(/--bridge: .*ECONNREFUSED/);
  expect(await explain('--bridge', url, '--recording', 'x')).toContain('--bridge needs a cluster');
  expect((await typeCommand('status', '--bridge', url, '--watch')).stderr).toContain('one moment');
});
