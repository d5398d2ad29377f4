/**
 * Tests the shipped rights, and the policy that narrows them (deploy/guard), on a real API server:
 * they are enough for all that zen-lead does, and for nothing else.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { listServiceNames, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aService } from '../support/objects/aService.ts';
import { startZenLead, type ZenLead } from '../support/programs/spawnZenLead.ts';

const deploy = resolve(import.meta.dirname, '../../deploy');
const account = 'system:serviceaccount:zen-lead:zen-lead';
const controlPlane = useControlPlane();
let zenLead: ZenLead | undefined;

beforeAll(async () => {
  const { kubectl } = controlPlane();
  await kubectl('apply', '-k', join(deploy, 'kubernetes/one'));
  await kubectl('apply', '-k', join(deploy, 'guard'));
  // A policy is in force a moment after it is written.
  await vi.waitFor(
    async () => {
      const refused = await isRefused(['create', 'service', 'clusterip', 'probe', '--tcp=80']);
      expect(refused, 'waited for the policy to refuse a foreign Service').toBe(true);
    },
    { timeout: 20_000 },
  );
});
afterAll(() => zenLead?.process.stop('SIGKILL'));

/** Runs kubectl as a thief of zen-lead's identity would. */
function asZenLead(...args: string[]): Promise<string> {
  return controlPlane().kubectl('--as', account, ...args);
}

async function isRefused(args: readonly string[]): Promise<boolean> {
  const answer = await asZenLead(...args, '--dry-run=server').catch(String);
  return answer.includes('zen-lead-writes-only-its-own');
}

describe('zen-lead with its own account', () => {
  let namespace: Namespace;
  beforeAll(async () => {
    const { kubectl, directory, kubeconfig } = controlPlane();
    const token = (await kubectl('-n', 'zen-lead', 'create', 'token', 'zen-lead')).trim();
    const path = join(directory, 'zen-lead.kubeconfig');
    const config = JSON.parse(readFileSync(kubeconfig, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...config, users: [{ name: 'admin', user: { token } }] }), { mode: 0o600 });
    zenLead = await startZenLead({ kubeconfig: path, directory }, 'zen-lead');
    namespace = await createNamespace(controlPlane(), 'guarded');
  });

  test('zen-lead elects, fails over, renames, repairs and removes with its own account', async () => {
    const first = await startPod(namespace, { name: 'web-0' });
    await startPod(namespace, { name: 'web-1' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await first.kill();
    await expect.poll(() => readLeader(namespace)).toBe('web-1');

    // The one exception is what Kubernetes makes from a selector and leaves behind.
    await namespace.kubectl('patch', 'service', 'web-leader', '-p', '{"spec":{"selector":{"app":"web"}}}');
    await expect.poll(async () => (await readService(namespace, 'web-leader'))?.spec.selector).toBeUndefined();
    await expect.poll(() => namespace.kubectl('get', 'endpoints', 'web-leader', '--ignore-not-found')).toBe('');
    expect(await readLeader(namespace)).toBe('web-1');

    await namespace.kubectl(
      'annotate',
      'service',
      'web',
      'zen-lead.io/leader-service-name=primary',
      'zen-lead.io/followers=true',
    );
    await expect.poll(() => readLeader(namespace, 'primary')).toBe('web-1');
    await expect.poll(() => listServiceNames(namespace)).toEqual(['primary', 'web', 'web-followers']);

    // What an orphaning deletion leaves has our label and no owner, so zen-lead adopts it.
    await namespace.kubectl('delete', 'service', 'web', '--cascade=orphan');
    await namespace.apply(aService({ annotations: { 'leader-service-name': 'primary' } }));
    await expect
      .poll(async () => (await readService(namespace, 'primary'))?.metadata.ownerReferences?.[0])
      .toMatchObject({ uid: (await readService(namespace, 'web'))?.metadata.uid });

    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/enabled-');
    await expect.poll(() => listServiceNames(namespace)).not.toContain('primary');
    expect(await readLeader(namespace, 'primary')).toBe('no slice');
  });
});

describe("a thief of zen-lead's identity", () => {
  const ours = { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': 'web' };
  const sliceLabels = {
    'kubernetes.io/service-name': 'web-leader',
    'endpointslice.kubernetes.io/managed-by': 'zen-lead.io',
  };
  const owner = {
    apiVersion: 'v1',
    kind: 'Service',
    name: 'web',
    uid: '5f6e2c86-2f3a-4f1e-9c9e-1d5a8f2c6b11',
    controller: true,
  };
  const pod = { kind: 'Pod', namespace: 'stolen', name: 'web-0', uid: 'u' };
  const endpoint = { addresses: ['10.244.0.9'], conditions: { ready: true }, targetRef: pod };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web-leader', namespace: 'stolen', labels: ours, ownerReferences: [owner] },
    spec: { ports: [{ port: 80 }] },
  };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web-leader-ipv4', namespace: 'stolen', labels: sliceLabels, ownerReferences: [owner] },
    addressType: 'IPv4',
    endpoints: [endpoint],
    ports: [{ port: 8080 }],
  };

  beforeAll(async () => {
    const namespace = await createNamespace(controlPlane(), 'stolen');
    await namespace.apply(aService({ name: 'foreign', annotations: { enabled: null } }));
  });

  const create = (manifest: object): Promise<string> =>
    controlPlane()
      .kubectl.withInput(JSON.stringify(manifest), '--as', account, 'create', '--dry-run=server')
      .catch(String);

  test.each([
    ['a leader Service', service],
    ['a slice of it', slice],
    ['a slice without an endpoint', { ...slice, endpoints: [] }],
  ])("a thief of zen-lead's identity can make %s, as zen-lead does", async (_name, manifest) => {
    expect(await create(manifest)).toMatch(/created/);
  });

  test.each([
    ['a Service without our label', { ...service, metadata: { ...service.metadata, labels: {} } }, /carries its label/],
    [
      'a Service that no source owns',
      { ...service, metadata: { ...service.metadata, ownerReferences: [] } },
      /source Service owns/,
    ],
    [
      'a Service with a selector',
      { ...service, spec: { ...service.spec, selector: { app: 'bank' } } },
      /has no selector/,
    ],
    [
      'an ExternalName',
      { ...service, spec: { type: 'ExternalName', externalName: 'evil.example' } },
      /no ExternalName/,
    ],
    ['an external IP', { ...service, spec: { ...service.spec, externalIPs: ['10.0.0.9'] } }, /no external IPs/],
    ['a slice without our label', { ...slice, metadata: { ...slice.metadata, labels: {} } }, /carries its label/],
    [
      'a slice that no source owns',
      { ...slice, metadata: { ...slice.metadata, ownerReferences: [] } },
      /source Service owns/,
    ],
    [
      'an endpoint that is no pod',
      { ...slice, endpoints: [{ addresses: ['10.244.0.9'] }] },
      /pod of the same namespace/,
    ],
    [
      'an endpoint of another namespace',
      { ...slice, endpoints: [{ ...endpoint, targetRef: { ...pod, namespace: 'kube-system' } }] },
      /pod of the same namespace/,
    ],
  ])("a thief of zen-lead's identity cannot make %s", async (_name, manifest, message) => {
    expect(await create(manifest)).toMatch(message);
  });

  test.each([
    ['change', ['patch', 'service', 'foreign', '--type=merge', '-p', '{"spec":{"selector":null}}']],
    [
      'take over',
      [
        'patch',
        'service',
        'foreign',
        '--type=merge',
        '-p',
        JSON.stringify({ metadata: { labels: ours, ownerReferences: [owner] }, spec: { selector: null } }),
      ],
    ],
    ['delete', ['delete', 'service', 'foreign']],
  ])("a thief of zen-lead's identity cannot %s a Service that is not ours", async (_verb, args) => {
    expect(await isRefused(['-n', 'stolen', ...args])).toBe(true);
  });

  test.each([
    [['get', 'secrets', '-A']],
    [['delete', '--raw=/api/v1/namespaces/stolen/pods/web-0']],
    [['delete', '--raw=/api/v1/namespaces/stolen/services']],
    [['get', 'configmaps', '-n', 'kube-system']],
  ])("a thief of zen-lead's identity has no right to %s", async (args) => {
    expect(await asZenLead(...args).catch(String)).toMatch(/cannot (list|delete|deletecollection) resource/);
  });
});
