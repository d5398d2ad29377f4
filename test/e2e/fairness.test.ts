/**
 * Tests many Services at once while the API server's priority and fairness gives zen-lead few
 * seats, and answers the rest with 429 and Retry-After. It times nothing: all of it has to arrive.
 * Source: https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
 */

import { afterEach, beforeAll, expect, test } from 'vitest';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { type Pod, startPod } from '../support/controlPlane/startPod.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { writeAccountKubeconfig } from '../support/controlPlane/writeAccountKubeconfig.ts';
import { aService } from '../support/objects/aService.ts';
import { startZenLead, type ZenLead } from '../support/programs/spawnZenLead.ts';

const SERVICES = 40;
const ACCOUNT = 'zen-lead';
const flowControl = '/apis/flowcontrol.apiserver.k8s.io/v1';
/** A request that is refused comes back a second later, and there are hundreds of them. */
const patience = { timeout: 100_000, interval: 250 };

const controlPlane = useControlPlane({ controllerManager: false });
const names = Array.from({ length: SERVICES }, (_, i) => `shop-${i}`);
let zenLead: ZenLead | undefined;

afterEach(async () => {
  await zenLead?.process.stop('SIGKILL');
});

/** Shares are of 600 requests at once: one of some 250 is three seats. No queue, so 429 at once. */
beforeAll(async () => {
  const { request } = controlPlane();
  await request('POST', `${flowControl}/prioritylevelconfigurations`, {
    metadata: { name: 'few-seats' },
    spec: {
      type: 'Limited',
      limited: { nominalConcurrencyShares: 1, borrowingLimitPercent: 0, limitResponse: { type: 'Reject' } },
    },
  });
});

/** All requests of that namespace's account go to the level with few seats. */
async function giveFewSeats(namespace: Namespace): Promise<string> {
  const { request } = controlPlane();
  const account = { kind: 'ServiceAccount', name: ACCOUNT, namespace: namespace.name };
  await namespace.request('POST', namespace.core('serviceaccounts'), { metadata: { name: ACCOUNT } });
  await request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: namespace.name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [account],
  });
  const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true };
  await request('POST', `${flowControl}/flowschemas`, {
    metadata: { name: namespace.name },
    spec: {
      priorityLevelConfiguration: { name: 'few-seats' },
      matchingPrecedence: 2,
      rules: [
        {
          subjects: [{ kind: 'ServiceAccount', serviceAccount: { name: ACCOUNT, namespace: namespace.name } }],
          resourceRules: [everything],
        },
      ],
    },
  });
  return writeAccountKubeconfig(controlPlane(), namespace, ACCOUNT);
}

/** Requests that priority and fairness has answered with 429. */
async function countRefused(namespace: Namespace): Promise<number> {
  const page = String(await controlPlane().request('GET', '/metrics'));
  const line = new RegExp(
    `^apiserver_flowcontrol_rejected_requests_total\\{[^}]*flow_schema="${namespace.name}"[^}]*\\} (\\S+)$`,
    'gm',
  );
  return [...page.matchAll(line)].reduce((sum, [, count]) => sum + Number(count), 0);
}

test('forty Services opted in at once, and forty leaders lost at once, are all routed while many requests are answered with 429', {
  timeout: 300_000,
}, async () => {
  const namespace = await createNamespace(controlPlane(), 'few-seats');
  const kubeconfig = await giveFewSeats(namespace);
  const leaders: Pod[] = [];
  for (const name of names) {
    leaders.push(await startPod(namespace, { name: `${name}-0`, labels: { app: name } }));
    await startPod(namespace, { name: `${name}-1`, labels: { app: name } });
  }
  zenLead = await startZenLead({ ...controlPlane(), kubeconfig }, 'few-seats', '--namespace', namespace.name);

  await namespace.apply(...names.map((name) => aService({ name, spec: { selector: { app: name } } })));
  const readAll = () => Promise.all(names.map((name) => readLeader(namespace, `${name}-leader`)));
  await expect.poll(readAll, patience).toEqual(names.map((name) => `${name}-0`));
  const refusedBefore = await countRefused(namespace);
  expect(refusedBefore).toBeGreaterThan(0);

  await Promise.all(leaders.map((pod) => pod.setReady(false)));
  await expect.poll(readAll, patience).toEqual(names.map((name) => `${name}-1`));
  await expect.poll(() => countRefused(namespace)).toBeGreaterThan(refusedBefore);
});
