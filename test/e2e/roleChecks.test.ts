/**
 * Tests that the leader Service follows the election of an application, on a real kube-apiserver.
 * Real probes go over real sockets to servers that stand behind the addresses of pods.
 * docs/reference/annotations.md#role-checks
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bridge } from '../../bridge/startBridge.ts';
import { startZenLead } from '../../cli/serve/startZenLead.ts';
import { createKubeApi } from '../../lib/kube/client.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { loadKubeconfigAccess } from '../../lib/kube/kubeconfigAccess.ts';
import { silentLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { listEventReasons } from '../support/controlPlane/listEvents.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { type Pod, startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aService } from '../support/objects/aService.ts';
import { createCheckedPods } from '../support/servers/checkedPods.ts';

const PRIMARY = 200;
const REPLICA = 503;
const controlPlane = useControlPlane();
const servers = createCheckedPods();
let api: KubeApi | undefined;
let zenLead: Bridge | undefined;
let namespaces = 0;

beforeAll(async () => {
  const metrics = createMetrics();
  api = createKubeApi(await loadKubeconfigAccess([controlPlane().kubeconfig]), { metrics });
  zenLead = startZenLead({
    ...{ api, clusterName: 'test', namespaces: [], metrics, log: silentLogger },
    checks: { probeHostNetwork: false, maxProbesPerSecond: 2_000, network: servers.network },
  });
});
afterAll(async () => {
  await zenLead?.close();
  await servers.close();
  await api?.close();
});

/** Three Ready pods, of which the second is the primary. */
async function startThree(annotations: Readonly<Record<string, string>> = {}): Promise<[Namespace, Pod[]]> {
  namespaces += 1;
  const namespace = await createNamespace(controlPlane(), `roles-${namespaces}`);
  const pods: Pod[] = [];
  for (const name of ['web-0', 'web-1', 'web-2']) {
    const pod = await startPod(namespace, { name });
    await servers.start(pod.ipv4, name === 'web-1' ? PRIMARY : REPLICA);
    pods.push(pod);
  }
  const timing = { 'health-check-interval': '100ms', 'health-check-timeout': '1s' };
  await namespace.apply(
    aService({ annotations: { 'role-check': 'http://:8008/primary', strategy: 'oldest', ...timing, ...annotations } }),
  );
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
  return [namespace, pods];
}

const say = (pods: readonly Pod[], ...statuses: readonly number[]): void => {
  for (const [i, pod] of pods.entries()) servers.answer(pod.ipv4, statuses[i] ?? REPLICA);
};

describe('a role check', () => {
  test('follows the primary from pod to pod, whatever the strategy would choose', async () => {
    const [namespace, pods] = await startThree();
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning RoleDecides');
    say(pods, REPLICA, REPLICA, PRIMARY);
    await expect.poll(() => readLeader(namespace)).toBe('web-2');
    say(pods, PRIMARY, REPLICA, REPLICA);
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await expect.poll(() => listEventReasons(namespace)).toContain('Normal LeaderChanged');
  });

  test('names two primaries, and does not move between them', async () => {
    const [namespace, pods] = await startThree();
    say(pods, PRIMARY, PRIMARY, REPLICA);
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning TwoPrimaries');
    await staysSo(() => readLeader(namespace));
    expect(await readLeader(namespace)).toBe('web-1');
  });

  test('routes to no pod while none is the primary, and to the next one at once', async () => {
    const [namespace, pods] = await startThree();
    say(pods, REPLICA, REPLICA, REPLICA);
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning NoPrimary');
    say(pods, REPLICA, REPLICA, PRIMARY);
    await expect.poll(() => readLeader(namespace)).toBe('web-2');
  });

  test('keeps the last leader with no-leader hold', async () => {
    const [namespace, pods] = await startThree({ 'no-leader': 'hold' });
    say(pods, REPLICA, REPLICA, REPLICA);
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning NoPrimary');
    expect(await readLeader(namespace)).toBe('web-1');
  });

  test('follows another primary when the leader is killed', async () => {
    const [namespace, pods] = await startThree();
    say(pods, REPLICA, PRIMARY, PRIMARY);
    const leader = pods[1];
    if (leader === undefined) throw new Error('three pods were started');
    servers.kill(leader.ipv4);
    await expect.poll(() => readLeader(namespace)).toBe('web-2');
  });
});
