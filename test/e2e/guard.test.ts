/**
 * Tests the shipped rights, and the policy that narrows them (deploy/guard), on a real API server.
 * They are enough for all that zen-lead does, and for nothing else.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { listServiceNames, listSlices, readService } from '../support/controlPlane/readObjects.ts';
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
  await kubectl('apply', '-k', join(deploy, 'cluster-wide/one'));
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
  return answer.includes('zen-lead-writes-only-');
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

    // A slice without owner that the source has no use for is adopted, and then deleted.
    await namespace.apply({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'primary-ipv6',
        labels: {
          'kubernetes.io/service-name': 'primary',
          'endpointslice.kubernetes.io/managed-by': 'zen-lead.io',
          'zen-lead.io/source-service': 'web',
        },
      },
      addressType: 'IPv6',
      endpoints: [],
    });
    await expect.poll(() => namespace.kubectl('get', 'endpointslice', 'primary-ipv6', '--ignore-not-found')).toBe('');

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

  test('zen-lead elects several leaders and a pool with its own account, and goes back to one', async () => {
    const several = await createNamespace(controlPlane(), 'guarded-elections');
    await startPod(several, { name: 'web-0' });
    await startPod(several, { name: 'web-1' });
    const annotations = { elections: 'writer, cron', active: '2', spread: 'none' };
    await several.apply(aService({ annotations }));
    await several.kubectl('annotate', 'service', 'web', 'cron.zen-lead.io/leader-service-type=NodePort');
    const slices = async (service: string) => (await listSlices(several, service)).map(({ metadata }) => metadata.name);
    await expect.poll(() => slices('web-writer')).toEqual(['web-writer-1-ipv4', 'web-writer-ipv4']);
    await expect.poll(async () => (await readService(several, 'web-cron'))?.spec.type).toBe('NodePort');

    // One election takes over the Service and loses its label when there are no more.
    await several.kubectl('annotate', 'service', 'web', 'zen-lead.io/elections-', 'zen-lead.io/active-');
    await several.kubectl('annotate', 'service', 'web', 'zen-lead.io/leader-service-name=web-writer');
    await expect.poll(() => listServiceNames(several)).toEqual(['web', 'web-writer']);
    await expect.poll(() => slices('web-writer')).toEqual(['web-writer-ipv4']);
    expect((await readService(several, 'web-writer'))?.metadata.labels['zen-lead.io/election']).toBeUndefined();
  });
});

describe("a thief of zen-lead's identity", () => {
  const ours = { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': 'web' };
  const sliceLabels = {
    'kubernetes.io/service-name': 'web-leader',
    'endpointslice.kubernetes.io/managed-by': 'zen-lead.io',
  };
  const invented = '5f6e2c86-2f3a-4f1e-9c9e-1d5a8f2c6b11';
  const ownedBy = (name: string, uid: string) => ({ apiVersion: 'v1', kind: 'Service', name, uid, controller: true });
  const endpointIn = (namespace: string) => ({
    addresses: ['10.244.0.9'],
    conditions: { ready: true },
    targetRef: { kind: 'Pod', namespace, name: 'web-0', uid: 'u' },
  });
  let namespace: Namespace;
  /** By name of the Service. */
  let uids: Readonly<Record<string, string>>;

  beforeAll(async () => {
    // Only what is written here is to be there.
    await zenLead?.process.stop('SIGKILL');
    namespace = await createNamespace(controlPlane(), 'stolen');
    await namespace.apply(
      aService(),
      aService({ name: 'public', annotations: { 'leader-service-type': 'LoadBalancer' } }),
      aService({ name: 'foreign', annotations: { enabled: null } }),
    );
    await namespace.apply(aLeaderService());
    const found = await Promise.all(['web', 'public', 'foreign'].map((name) => readService(namespace, name)));
    uids = Object.fromEntries(found.map((service) => [service?.metadata.name, service?.metadata.uid ?? '']));
    const owned = { metadata: { ownerReferences: [ownedBy('web', uidOf('web'))] } };
    await namespace.kubectl('patch', 'service', 'web-leader', '--type=merge', '-p', JSON.stringify(owned));
    await namespace.apply(aSlice());
    // As the cluster's DNS is installed; `default/kubernetes` is there already.
    const dns = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'kube-dns', namespace: 'kube-system' } };
    await controlPlane().kubectl.withInput(JSON.stringify({ ...dns, spec: { ports: [{ port: 53 }] } }), 'apply');
    const isMade = async () => {
      const names = await namespace.kubectl('get', 'endpointslices,endpoints', '-o', 'name');
      return names.includes('endpoints/foreign') && names.includes('k8s.io/foreign-');
    };
    await vi.waitUntil(isMade, { timeout: 20_000 });
    // The second policy may be in force later than the first.
    const isInForce = async () => (await attempt('create', aNewService({}, 'foreign'))).includes('opted in');
    await vi.waitUntil(isInForce, { timeout: 20_000 });
  });

  const uidOf = (name: string): string => uids[name] ?? invented;

  function aLeaderService({ metadata = {}, spec = {} }: { metadata?: object; spec?: object } = {}): object {
    return {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web-leader', namespace: 'stolen', labels: ours, ...metadata },
      spec: { ports: [{ port: 80 }], ...spec },
    };
  }

  /** Of a name that is free; owned by `source`. */
  function aNewService(change: { metadata?: object; spec?: object } = {}, source = 'web'): object {
    const ownerReferences = [ownedBy(source, uidOf(source))];
    const labels = { ...ours, 'zen-lead.io/source-service': source };
    return aLeaderService({ ...change, metadata: { name: 'new', labels, ownerReferences, ...change.metadata } });
  }

  function aSlice({ metadata = {}, ...change }: { metadata?: object; endpoints?: readonly object[] } = {}): object {
    const ownerReferences = [ownedBy('web', uidOf('web'))];
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'web-leader-ipv4', namespace: 'stolen', labels: sliceLabels, ownerReferences, ...metadata },
      addressType: 'IPv4',
      endpoints: [endpointIn('stolen')],
      ports: [{ port: 8080 }],
      ...change,
    };
  }

  /** A slice of another Service. */
  function aSliceOf(service: string, of: string, owner: object): object {
    return aSlice({
      metadata: {
        name: `${service}-ipv4`,
        namespace: of,
        labels: { ...sliceLabels, 'kubernetes.io/service-name': service },
        ownerReferences: [owner],
      },
      endpoints: [endpointIn(of)],
    });
  }

  const aNewName = { name: 'new-ipv4', labels: { ...sliceLabels, 'kubernetes.io/service-name': 'new' } };
  const followersLabels = { ...sliceLabels, 'kubernetes.io/service-name': 'web-followers' };
  const patchOf = (kind: string, name: string, patch: object): string[] => [
    'patch',
    kind,
    name,
    '--type=merge',
    '-p',
    JSON.stringify(patch),
  ];
  const attempt = (verb: string, manifest: object): Promise<string> =>
    controlPlane().kubectl.withInput(JSON.stringify(manifest), '--as', account, verb, '--dry-run=server').catch(String);

  test.each<[string, () => object]>([
    ['a leader Service', () => aNewService()],
    [
      'a leader Service of another type, where its source asks for it',
      () => aNewService({ spec: { type: 'LoadBalancer' } }, 'public'),
    ],
    ['a slice', () => aSlice({ metadata: aNewName })],
    ['a slice without an endpoint', () => aSlice({ metadata: aNewName, endpoints: [] })],
    [
      'the second slice of followers',
      () =>
        aSlice({
          metadata: { name: 'web-followers-ipv4-2', labels: followersLabels },
          endpoints: [endpointIn('stolen'), endpointIn('stolen')],
        }),
    ],
  ])("a thief of zen-lead's identity can make %s, as zen-lead does", async (_name, manifest) => {
    expect(await attempt('create', manifest())).toMatch(/created/);
  });

  test("a thief of zen-lead's identity can write a record beside no endpoint, as for a LoadBalancer without a leader", async () => {
    const labels = { ...sliceLabels, 'kubernetes.io/service-name': 'empty' };
    await namespace.apply(aSlice({ metadata: { name: 'empty-ipv4', labels }, endpoints: [] }));
    const patch = { metadata: { annotations: { 'zen-lead.io/announced-epoch': '7' } } };
    const args = ['-n', 'stolen', ...patchOf('endpointslice', 'empty-ipv4', patch), '--dry-run=server'];
    expect(await asZenLead(...args)).toMatch(/patched/);
  });

  test.each<[string, () => object, RegExp]>([
    ['a Service without our label', () => aNewService({ metadata: { labels: {} } }), /carries its label/],
    ['a Service that no source owns', () => aNewService({ metadata: { ownerReferences: [] } }), /source Service owns/],
    ['a Service of a source that is not opted in', () => aNewService({}, 'foreign'), /opted in/],
    [
      'a Service labelled with another source',
      () => aNewService({ metadata: { labels: ours } }, 'public'),
      /labelled with the name/,
    ],
    ['a Service with a selector', () => aNewService({ spec: { selector: { app: 'bank' } } }), /has no selector/],
    [
      'an ExternalName',
      () => aNewService({ spec: { type: 'ExternalName', externalName: 'evil.example' } }, 'nowhere'),
      /no ExternalName/,
    ],
    [
      'a LoadBalancer that its source does not ask for',
      () => aNewService({ spec: { type: 'LoadBalancer' } }),
      /type that its source asks for/,
    ],
    [
      'a NodePort where its source asks for a LoadBalancer',
      () => aNewService({ spec: { type: 'NodePort' } }, 'public'),
      /type that its source asks for/,
    ],
    ['a headless Service of a source that has ports', () => aNewService({ spec: { clusterIP: 'None' } }), /headless/],
    ['an external IP', () => aNewService({ spec: { externalIPs: ['10.0.0.9'] } }), /no external IPs/],
    [
      'a load balancer with an address of its choice',
      () => aNewService({ spec: { type: 'LoadBalancer', loadBalancerIP: '10.0.0.9' } }, 'public'),
      /nothing of a load balancer/,
    ],
    [
      'an annotation that a cloud reads',
      () => aNewService({ metadata: { annotations: { 'example.com/ssl': 'off' } } }),
      /no labels and annotations/,
    ],
    [
      'a leader Service that is opted in itself',
      () => aNewService({ metadata: { annotations: { 'zen-lead.io/enabled': 'true' } } }),
      /no labels and annotations/,
    ],
    [
      'an object that garbage collection cannot remove',
      () => aNewService({ metadata: { finalizers: ['example.com/never'] } }),
      /no finalizer/,
    ],
    [
      'an object of a second owner',
      () =>
        aNewService({
          metadata: {
            ownerReferences: [
              ownedBy('web', uidOf('web')),
              { ...ownedBy('foreign', uidOf('foreign')), controller: false },
            ],
          },
        }),
      /none but a source/,
    ],
    ['a slice without our label', () => aSlice({ metadata: { labels: {} } }), /carries its label/],
    [
      'a slice that no source owns',
      () => aSlice({ metadata: { ...aNewName, ownerReferences: [] } }),
      /source Service owns/,
    ],
    [
      'a slice under another name',
      () => aSlice({ metadata: { ...aNewName, name: 'new-abcde' } }),
      /name of its Service/,
    ],
    ['a slice of its own source', () => aSliceOf('web', 'stolen', ownedBy('web', uidOf('web'))), /name of its Service/],
    [
      "a slice of another owner's Service",
      () => aSliceOf('foreign', 'stolen', ownedBy('web', uidOf('web'))),
      /its own Services only/,
    ],
    [
      'a slice of kube-system/kube-dns',
      () => aSliceOf('kube-dns', 'kube-system', ownedBy('any', invented)),
      /its own Services only/,
    ],
    [
      'a slice of default/kubernetes',
      () => aSliceOf('kubernetes', 'default', ownedBy('any', invented)),
      /its own Services only/,
    ],
    [
      'an endpoint that is no pod',
      () => aSlice({ endpoints: [{ addresses: ['10.244.0.9'] }] }),
      /pod of the same namespace/,
    ],
    [
      'an endpoint of another namespace',
      () => aSlice({ endpoints: [endpointIn('kube-system')] }),
      /pod of the same namespace/,
    ],
    [
      'an endpoint with a name in DNS',
      () => aSlice({ endpoints: [{ ...endpointIn('stolen'), hostname: 'bank' }] }),
      /pod of the same namespace/,
    ],
  ])("a thief of zen-lead's identity cannot make %s", async (_name, manifest, message) => {
    expect(await attempt('create', manifest())).toMatch(message);
  });

  test.each<[string, () => readonly string[]]>([
    ['change a Service that is not ours', () => patchOf('service', 'foreign', { spec: { selector: null } })],
    [
      'take over a Service that is not ours',
      () =>
        patchOf('service', 'foreign', {
          metadata: { labels: ours, ownerReferences: [ownedBy('web', uidOf('web'))] },
          spec: { selector: null },
        }),
    ],
    ['delete a Service that is not ours', () => ['delete', 'service', 'foreign']],
    [
      'delete the slice that Kubernetes made of a Service that is not ours',
      () => ['delete', 'endpointslice', '-l', 'kubernetes.io/service-name=foreign'],
    ],
    ['delete the Endpoints of a Service that is not ours', () => ['delete', 'endpoints', 'foreign']],
    [
      'give a leader Service to another source',
      () => patchOf('service', 'web-leader', { metadata: { ownerReferences: [ownedBy('public', uidOf('public'))] } }),
    ],
    [
      'take the owner from a leader Service',
      () => patchOf('service', 'web-leader', { metadata: { ownerReferences: null } }),
    ],
    [
      'make a LoadBalancer of a leader Service',
      () => patchOf('service', 'web-leader', { spec: { type: 'LoadBalancer' } }),
    ],
    [
      'attach one of our slices to another Service',
      () =>
        patchOf('endpointslice', 'web-leader-ipv4', {
          metadata: { labels: { 'kubernetes.io/service-name': 'foreign' } },
        }),
    ],
  ])("a thief of zen-lead's identity cannot %s", async (_name, args) => {
    expect(await isRefused(['-n', 'stolen', ...args()])).toBe(true);
  });

  // docs/how-to/install.md#rights names these, so that no reader relies on more.
  test("a thief of zen-lead's identity can still lead to an address of its choice", async () => {
    const patch = { endpoints: [{ ...endpointIn('stolen'), addresses: ['10.244.77.7'] }] };
    expect(await isRefused(['-n', 'stolen', ...patchOf('endpointslice', 'web-leader-ipv4', patch)])).toBe(false);
  });

  test("a thief of zen-lead's identity can still make a Service of a source that is not there, until garbage collection finds it", async () => {
    expect(await attempt('create', aNewService({ spec: { type: 'LoadBalancer' } }, 'nowhere'))).toMatch(/created/);
  });

  test("a thief of zen-lead's identity can still delete what zen-lead made", async () => {
    expect(await isRefused(['-n', 'stolen', 'delete', 'service', 'web-leader'])).toBe(false);
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
