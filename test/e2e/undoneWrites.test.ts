/**
 * Something changes what zen-lead writes as soon as it is written: an admission policy, or a
 * controller that wants another state. docs/decisions/damping.md
 */

import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import type { Namespace } from '../support/controlPlane/createNamespace.ts';
import { listEventReasons, listEvents } from '../support/controlPlane/listEvents.ts';
import { readAuditedWrites } from '../support/controlPlane/readAuditedWrites.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead({ audit: true, mutatingPolicies: true });
const policies = '/apis/admissionregistration.k8s.io/v1beta1';
/** A doubling delay allows 6 in 15 s: at 0, 0, 1, 3, 7 and 15. The rest are announcements. */
const MANY = 12;

interface Mutation {
  readonly resource: 'services' | 'endpointslices';
  readonly operations: readonly string[];
  /** CEL. */
  readonly when: string;
  /** CEL, of a JSON patch. */
  readonly patch: string;
  /** An object that it changes, and what its text contains then. */
  readonly probe: object;
  readonly mark: string;
}

/** Changes what zen-lead writes in this namespace, as a webhook would. It is in force then. */
async function mutate(
  namespace: Namespace,
  { resource, operations, when, patch, probe, mark }: Mutation,
): Promise<void> {
  const name = `${namespace.name}-${resource}`;
  const apiGroups = resource === 'services' ? [''] : ['discovery.k8s.io'];
  await namespace.request('POST', `${policies}/mutatingadmissionpolicies`, {
    metadata: { name },
    spec: {
      matchConstraints: { resourceRules: [{ apiGroups, apiVersions: ['v1'], operations, resources: [resource] }] },
      matchConditions: [{ name: 'ours', expression: when }],
      reinvocationPolicy: 'Never',
      failurePolicy: 'Fail',
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: patch } }],
    },
  });
  await namespace.request('POST', `${policies}/mutatingadmissionpolicybindings`, {
    metadata: { name },
    spec: {
      policyName: name,
      matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace.name } } },
    },
  });
  const path = resource === 'services' ? namespace.core('services') : namespace.slices;
  await expect
    .poll(async () => JSON.stringify(await namespace.request('POST', `${path}?dryRun=All`, probe)), {
      message: 'the policy is in force',
    })
    .toContain(mark);
}

const writesTo = (namespace: Namespace, resource: string, name: string) =>
  readAuditedWrites(world.controlPlane(), 'zen-lead').filter(
    (each) => each.namespace === namespace.name && each.resource === resource && each.name === name,
  ).length;
const warningOf = async (namespace: Namespace) =>
  (await listEvents(namespace)).find(({ reason }) => reason === 'WriteUndone')?.note ?? '';

async function startStory(): Promise<Namespace> {
  const namespace = await world.namespace();
  await startPod(namespace, { name: 'web-0' });
  return namespace;
}

test('announces a leader whose zone an admission policy rewrites, and fails over at once', async () => {
  const namespace = await startStory();
  await mutate(namespace, {
    resource: 'endpointslices',
    operations: ['CREATE', 'UPDATE'],
    when: 'object.metadata.name.startsWith("web-leader-") && has(object.endpoints) && size(object.endpoints) > 0',
    patch: '[JSONPatch{op: "add", path: "/endpoints/0/zone", value: "elsewhere"}]',
    probe: { metadata: { name: 'web-leader-x' }, addressType: 'IPv4', endpoints: [{ addresses: ['10.9.9.9'] }] },
    mark: 'elsewhere',
  });
  await namespace.apply(aService());
  await expect.poll(() => listEventReasons(namespace), { message: 'announces it' }).toContain('Normal LeaderElected');
  await expect.poll(() => warningOf(namespace), { message: 'warns' }).toContain('admission webhook or policy');
  await staysSo(() => readLeader(namespace));
  expect(writesTo(namespace, 'endpointslices', 'web-leader-ipv4')).toBeLessThan(MANY);

  await startPod(namespace, { name: 'web-1' });
  await namespace.kubectl('delete', 'pod', 'web-0', '--grace-period=0', '--force');
  await expect.poll(() => readLeader(namespace), { message: 'fails over' }).toBe('web-1');
  await expect.poll(() => listEventReasons(namespace), { message: 'announces it' }).toContain('Normal LeaderChanged');
});

test('leaves a leader Service in place that an admission policy makes IPv6-first', async () => {
  const namespace = await startStory();
  const labels = { 'zen-lead.io/source-service': 'web' };
  await mutate(namespace, {
    resource: 'services',
    operations: ['CREATE'],
    when: 'has(object.metadata.labels) && "zen-lead.io/source-service" in object.metadata.labels',
    patch: '[JSONPatch{op: "add", path: "/spec/ipFamilies", value: ["IPv6", "IPv4"]}]',
    probe: { metadata: { name: 'x', labels }, spec: { ports: [{ port: 80 }], ipFamilyPolicy: 'PreferDualStack' } },
    mark: '["IPv6","IPv4"]',
  });
  await namespace.apply(aService({ spec: { ipFamilyPolicy: 'PreferDualStack' } }));
  await expect.poll(() => warningOf(namespace), { message: 'warns' }).toContain('Service "web-leader"');
  await expect.poll(() => listEventReasons(namespace), { message: 'announces it' }).toContain('Normal LeaderElected');
  expect(writesTo(namespace, 'services', 'web-leader')).toBeLessThan(2 * MANY);
  expect(await readLeader(namespace)).toBe('web-0');
});

test('gives way in a fight over the leader Service, and names who fights', async () => {
  const namespace = await startStory();
  await namespace.apply(aService());
  await expect.poll(() => listEventReasons(namespace)).toContain('Normal LeaderElected');
  const path = `${namespace.core('services')}/web-leader`;
  const service = z.object({ spec: z.object({ type: z.string() }) });
  let isFighting = true;
  let fights = 0;
  const fight = (async () => {
    while (isFighting) {
      const { spec } = service.parse(await namespace.request('GET', path));
      if (spec.type === 'NodePort') continue;
      fights += 1;
      await namespace.request('PATCH', `${path}?fieldManager=gitops`, { spec: { type: 'NodePort' } });
    }
  })();
  onTestFinished(async () => {
    isFighting = false;
    await fight;
  });
  await expect.poll(() => warningOf(namespace), { message: 'names it' }).toContain('gitops (Update)');
  await staysSo(() => readLeader(namespace));
  expect(fights).toBeLessThan(MANY);
  expect(writesTo(namespace, 'services', 'web-leader')).toBeLessThan(MANY);
});
