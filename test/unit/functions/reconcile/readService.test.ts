import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readService } from '../../../../functions/reconcile/readService.ts';
import { readState } from '../../../../functions/reconcile/readState.ts';
import { toSnapshots } from '../../../../functions/reconcile/toSnapshots.ts';
import type { KubeApi, ListQuery, Resource } from '../../../../lib/kube/kubeApi.ts';
import type { Snapshot } from '../../../../lib/selection/snapshot.ts';
import { createEtcd, type Etcd } from '../../../simulation/etcd.ts';
import type { KubeObject } from '../../../simulation/kubeObject.ts';
import { createPageStore } from '../../../simulation/pageStore.ts';
import { toSelection } from '../../../simulation/selection.ts';
import { aPodManifest, aPodStatus } from '../../../support/objects/aPodManifest.ts';

const db = { namespace: 'shop', name: 'db' };
const signal = new AbortController().signal;
const now = (): number => 1_000;

interface Asked {
  readonly plural: string;
  readonly query: ListQuery;
}

/** An API server that only lists; `before` each LIST something may change. */
function serve(etcd: Etcd, before: (asked: Asked) => void = () => undefined) {
  const pages = createPageStore(etcd, 100);
  const asked: Asked[] = [];
  const list = async ({ plural }: Resource, _namespace: unknown, query: ListQuery) => {
    before({ plural, query });
    asked.push({ plural, query });
    return pages.read(toSelection(plural, query), query);
  };
  return { asked, api: { list } as unknown as KubeApi };
}

type Given = Record<string, unknown> & { readonly metadata: Record<string, unknown> & { readonly name: string } };

function put(etcd: Etcd, plural: string, given: Given): void {
  const metadata = { namespace: 'shop', uid: `${plural}-${given.metadata.name}`, ...given.metadata };
  etcd.put(plural, { ...given, metadata } as unknown as KubeObject);
}

function putService(etcd: Etcd, metadata: Given['metadata'], spec: object = {}): void {
  put(etcd, 'services', { metadata, spec: { ports: [{ port: 80 }], ipFamilies: ['IPv4'], ...spec } });
}

function putSource(etcd: Etcd, annotations: object = {}, app = 'db'): void {
  const opted = { name: 'db', annotations: { 'zen-lead.io/enabled': 'true', ...annotations } };
  putService(etcd, opted, { selector: { app } });
}

function putPod(etcd: Etcd, name: string, app: string): void {
  const manifest = aPodManifest({ name, labels: { app } }) as Given;
  put(etcd, 'pods', { ...manifest, status: aPodStatus({ ips: ['10.0.0.1'] }) });
}

const ownedBy = (source: string) => [{ kind: 'Service', name: source, uid: `services-${source}`, controller: true }];

interface SliceOptions {
  readonly name: string;
  readonly serviceName: string;
  readonly source?: string;
  /** The slice carries the name of its source. */
  readonly isLabelled?: boolean;
  readonly leader?: string;
}

function putSlice(etcd: Etcd, { name, serviceName, source, isLabelled = true, leader }: SliceOptions): void {
  const labels = {
    'kubernetes.io/service-name': serviceName,
    'endpointslice.kubernetes.io/managed-by': source === undefined ? 'another' : 'zen-lead.io',
    ...(source !== undefined && isLabelled && { 'zen-lead.io/source-service': source }),
  };
  const uid = leader === undefined ? undefined : `pods-${leader}`;
  const annotations = {
    'zen-lead.io/epoch': '5',
    ...(leader !== undefined && { 'zen-lead.io/leader-pod-name': leader, 'zen-lead.io/leader-pod-uid': uid }),
  };
  const targetRef = { kind: 'Pod', namespace: 'shop', name: leader, uid };
  put(etcd, 'endpointslices', {
    metadata: { name, labels, ...(source !== undefined && { annotations, ownerReferences: ownedBy(source) }) },
    addressType: 'IPv4',
    endpoints: leader === undefined ? [] : [{ addresses: ['10.0.0.1'], targetRef }],
  });
}

const ordered = ({ revisions: _, ...snapshot }: Snapshot) => ({
  ...snapshot,
  candidates: snapshot.candidates.toSorted((a, b) => a.name.localeCompare(b.name)),
  services: snapshot.services.toSorted((a, b) => a.name.localeCompare(b.name)),
  slices: snapshot.slices.toSorted((a, b) => a.name.localeCompare(b.name)),
});

const serviceNames = ['db-leader', 'main', 'db-followers', 'other'] as const;
const podNames = ['db-0', 'db-1', 'web-0', 'web-1'] as const;

const state = fc.record({
  source: fc.option(
    fc.record({
      'zen-lead.io/leader-service-name': fc.constantFrom('main', 'db-leader'),
      'zen-lead.io/followers': fc.constantFrom('true', 'false'),
    }),
  ),
  services: fc.array(
    fc.record({
      name: fc.constantFrom(...serviceNames),
      kind: fc.constantFrom('ours', 'orphan', 'foreign', 'another source'),
      leader: fc.option(fc.constantFrom(...podNames), { nil: undefined }),
    }),
  ),
  slices: fc.array(
    fc.record({
      serviceName: fc.constantFrom(...serviceNames),
      family: fc.constantFrom('ipv4', 'ipv6'),
      source: fc.option(fc.constantFrom('db', 'web'), { nil: undefined }),
      leader: fc.option(fc.constantFrom(...podNames), { nil: undefined }),
      isUnderAnotherName: fc.boolean(),
    }),
  ),
  pods: fc.array(fc.record({ name: fc.constantFrom(...podNames), app: fc.constantFrom('db', 'web') })),
});

function build({ source, services, slices, pods }: typeof state extends fc.Arbitrary<infer T> ? T : never): Etcd {
  const etcd = createEtcd(now);
  if (source !== null) putSource(etcd, source);
  for (const { name, kind, leader } of services) {
    const owner = kind === 'ours' ? 'db' : kind === 'another source' ? 'web' : null;
    const labels =
      kind === 'foreign'
        ? {}
        : { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': owner ?? 'db' };
    const annotations =
      leader === undefined
        ? {}
        : { 'zen-lead.io/leader-pod-name': leader, 'zen-lead.io/leader-pod-uid': `pods-${leader}` };
    putService(etcd, { name, labels, annotations, ...(owner !== null && { ownerReferences: ownedBy(owner) }) });
  }
  for (const { serviceName, family, isUnderAnotherName, ...slice } of slices) {
    const { source: of, leader } = slice;
    const name = isUnderAnotherName ? `odd-${serviceName}` : `${serviceName}-${family}`;
    putSlice(etcd, {
      name,
      serviceName,
      ...(of !== undefined && { source: of }),
      ...(leader !== undefined && { leader }),
    });
  }
  for (const { name, app } of pods) putPod(etcd, name, app);
  return etcd;
}

describe('the state of one Service, read alone', () => {
  it('readService reads what the whole namespace says about the Service', async () => {
    await fc.assert(
      fc.asyncProperty(state, async (given) => {
        const etcd = build(given);
        const { api } = serve(etcd);
        const whole = toSnapshots(await readState(api, 'shop', now, signal))('db');
        const { snapshot } = await readService(api, db, now, signal);
        expect(ordered(snapshot)).toEqual(ordered(whole));
        const guessed = await readService(api, db, now, signal, { ...whole, source: null, services: [], slices: [] });
        expect(ordered(guessed.snapshot)).toEqual(ordered(whole));
      }),
      { numRuns: 150 },
    );
  });

  it('readService takes at most ten requests, and as few pods as the Service selects', async () => {
    const etcd = createEtcd(now);
    putSource(etcd);
    for (let i = 0; i < 50; i++) putPod(etcd, `web-${i}`, 'web');
    for (let i = 0; i < 3; i++) putPod(etcd, `db-${i}`, 'db');
    const { api, asked } = serve(etcd);
    const { snapshot } = await readService(api, db, now, signal);
    expect(snapshot.candidates).toHaveLength(3);
    expect(asked.length).toBeLessThanOrEqual(10);
    expect(asked.filter(({ query }) => !query.labelSelector && !query.fieldSelector)).toEqual([]);
  });

  it('readService asks for slices, then pods, then Services', async () => {
    const etcd = createEtcd(now);
    putSource(etcd);
    putPod(etcd, 'db-0', 'db');
    putSlice(etcd, { name: 'db-leader-ipv4', serviceName: 'db-leader', source: 'db', leader: 'db-0' });
    const { api, asked } = serve(etcd);
    const guess = toSnapshots(await readState(api, 'shop', now, signal))('db');
    asked.length = 0;
    await readService(api, db, now, signal, guess);
    const order = asked.map(({ plural }) => plural).filter((plural, i, all) => plural !== all[i - 1]);
    expect(order).toEqual(['endpointslices', 'pods', 'services']);
  });

  it('readService follows a selector that changes while the pods are read', async () => {
    const etcd = createEtcd(now);
    putSource(etcd);
    putPod(etcd, 'db-0', 'db');
    putPod(etcd, 'web-0', 'web');
    let isFirst = true;
    const { api } = serve(etcd, ({ plural }) => {
      if (plural === 'pods' && isFirst) putSource(etcd, {}, 'web');
      if (plural === 'pods') isFirst = false;
    });
    const { snapshot } = await readService(api, db, now, signal);
    expect(snapshot.candidates.map(({ name }) => name)).toEqual(['web-0']);
  });

  it('readService gives up on a Service whose selector changes during each read, to be read again later', async () => {
    const etcd = createEtcd(now);
    let count = 0;
    putSource(etcd);
    const { api } = serve(etcd, ({ plural }) => {
      if (plural === 'pods') putSource(etcd, {}, `app-${++count}`);
    });
    const reading = readService(api, db, now, signal);
    await expect(reading).rejects.toMatchObject({ code: 'KUBE_CONFLICT', retry: 'later' });
  });

  it('readService reads a leader without its label at the revision of the others, which it records (S9)', async () => {
    const etcd = createEtcd(now);
    putSource(etcd);
    putPod(etcd, 'db-0', 'lost');
    putPod(etcd, 'db-1', 'db');
    putSlice(etcd, { name: 'db-leader-ipv4', serviceName: 'db-leader', source: 'db', leader: 'db-0' });
    const { api } = serve(etcd, ({ plural, query }) => {
      if (plural === 'pods' && query.fieldSelector !== undefined) putPod(etcd, 'db-0', 'db');
      if (plural === 'services' && query.resourceVersion !== undefined)
        putSource(etcd, { 'zen-lead.io/paused': 'true' });
    });
    const { snapshot } = await readService(api, db, now, signal);
    expect(snapshot.candidates.find(({ name }) => name === 'db-0')?.selected).toBe(false);
    expect(snapshot.source?.annotations).not.toHaveProperty('zen-lead.io/paused');
  });

  it('readService reads once more where the revision of a list has been compacted away', async () => {
    const etcd = createEtcd(now);
    putSource(etcd);
    putPod(etcd, 'db-0', 'db');
    let isFirst = true;
    const { api } = serve(etcd, ({ plural, query }) => {
      if (plural !== 'services' || query.resourceVersion === undefined || !isFirst) return;
      isFirst = false;
      putPod(etcd, 'web-0', 'web');
      etcd.compact();
    });
    const { snapshot } = await readService(api, db, now, signal);
    expect(snapshot.candidates.map(({ name }) => name)).toEqual(['db-0']);
    expect(isFirst).toBe(false);
  });

  it('readService finds a slice under a name that no Service wants by its label, and one without the label by the name of its Service', async () => {
    const etcd = createEtcd(now);
    putSource(etcd);
    putSlice(etcd, { name: 'before-ipv4', serviceName: 'before', source: 'db' });
    putSlice(etcd, { name: 'db-leader-ipv4', serviceName: 'db-leader', source: 'db', isLabelled: false });
    const { api } = serve(etcd);
    const { snapshot } = await readService(api, db, now, signal);
    expect(snapshot.slices.map(({ name }) => name).sort()).toEqual(['before-ipv4', 'db-leader-ipv4']);
  });
});
