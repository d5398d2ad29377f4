import { describe, expect, it } from 'vitest';
import { type DesiredSlice, sliceWrites, toEndpointView } from '../../../lib/selection/sliceWrites.ts';
import type { EndpointView, SliceView } from '../../../lib/selection/snapshot.ts';
import { aSlice } from '../../support/objects/aSlice.ts';
import { aCandidate, aService, uidOf, version } from '../../support/objects/builders.ts';

const source = aService();
const owner = { kind: 'Service', name: 'postgres', uid: source.uid };
const ownerReferences = [{ apiVersion: 'v1', ...owner, controller: true }];
const target = { stage: 'route', namespace: 'shop', name: 'db-ipv4', resource: 'endpointslices' } as const;
const targetRef = { kind: 'Pod', namespace: 'shop', name: 'pg-0', uid: uidOf('pg-0') };
const view: EndpointView = { addresses: ['10.0.0.1'], ready: true, serving: true, terminating: false, targetRef };
const endpoint = {
  addresses: ['10.0.0.1'],
  targetRef,
  conditions: { ready: true, serving: true, terminating: false },
};
const ports = [{ name: '', port: 5432, protocol: 'TCP' }] as const;
const desired: DesiredSlice = {
  name: 'db-ipv4',
  serviceName: 'db',
  family: 'IPv4',
  endpoints: [view],
  ports,
  annotations: { 'zen-lead.io/epoch': '7', 'zen-lead.io/last-zone': null },
  annotationsDiffer: false,
};
const existing = aSlice({
  name: 'db-ipv4',
  uid: uidOf('slice'),
  resourceVersion: version(5),
  serviceName: 'db',
  managedBy: 'zen-lead.io',
  owner,
  spec: { addressType: 'IPv4', endpoints: [view], ports },
});
const writesOf = (change: Partial<SliceView>, wanted: Partial<DesiredSlice> = {}) =>
  sliceWrites({ ...existing, ...change }, { ...desired, ...wanted }, source, 'route');
const precondition = { uid: uidOf('slice'), resourceVersion: version(5) };

const manifest = (more: object) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: 'db-ipv4',
    namespace: 'shop',
    labels: {
      'kubernetes.io/service-name': 'db',
      'endpointslice.kubernetes.io/managed-by': 'zen-lead.io',
      'zen-lead.io/source-service': 'postgres',
    },
    annotations: { 'zen-lead.io/epoch': '7' },
    ownerReferences,
  },
  addressType: 'IPv4',
  endpoints: [endpoint],
  ports,
  ...more,
});
const whole = manifest({});
const placeholder = manifest({
  metadata: { ...whole.metadata, annotations: {} },
  endpoints: [],
  ports: [],
});

describe('a slice that is not there', () => {
  it('is made with its record, and before that with nothing decided in it', () => {
    expect(sliceWrites(undefined, desired, source, 'route')).toStrictEqual([
      { ...target, kind: 'create', object: whole, placeholder },
    ]);
  });

  it('is made at once where it has no record that an older decision could take back', () => {
    const [write] = sliceWrites(undefined, { ...desired, annotations: {} }, source, 'follow');
    const object = manifest({ metadata: { ...whole.metadata, annotations: {} } });
    expect(write).toStrictEqual({ ...target, stage: 'follow', kind: 'create', object });
  });
});

describe('a slice of another address family, which cannot be changed', () => {
  const foreign = { spec: { addressType: 'FQDN', endpoints: [], ports: [] } } as const;

  it('is deleted and made again', () => {
    expect(writesOf(foreign)).toStrictEqual([
      { ...target, kind: 'delete', ...precondition },
      { ...target, kind: 'create', object: whole, placeholder },
    ]);
  });

  it('is waited for where it is being deleted already', () => {
    expect(writesOf({ ...foreign, terminating: true })).toEqual([]);
  });
});

describe('a slice that is there', () => {
  it('is not written while it is as desired', () => {
    expect(writesOf({})).toEqual([]);
  });

  const labels = { 'zen-lead.io/source-service': 'postgres' };
  const patchOf = (metadata: object) => [
    {
      ...target,
      kind: 'patch',
      ...precondition,
      patch: {
        metadata: { ...precondition, annotations: desired.annotations, labels, ...metadata },
        endpoints: [endpoint],
        ports,
      },
    },
  ];

  it.each<[string, Partial<SliceView>, Partial<DesiredSlice>, object]>([
    ['another endpoint', { spec: { addressType: 'IPv4', endpoints: [], ports } }, {}, {}],
    ['other ports', { spec: { addressType: 'IPv4', endpoints: [view], ports: [] } }, {}, {}],
    ['a record that differs', {}, { annotationsDiffer: true }, {}],
    ['another Service', { serviceName: 'x' }, {}, { labels: { ...labels, 'kubernetes.io/service-name': 'db' } }],
    ['no owner', { owner: null }, {}, { ownerReferences }],
  ])('gets one patch with route and record, and only what else differs: %s', (_, change, wanted, metadata) => {
    expect(writesOf(change, wanted)).toStrictEqual(patchOf(metadata));
  });

  it('is not adopted by a source that is being deleted, which may leave it behind on purpose', () => {
    const going = { ...source, terminating: true };
    expect(sliceWrites({ ...existing, owner: null }, desired, going, 'route')).toEqual([]);
    const [write] = sliceWrites({ ...existing, owner: null }, { ...desired, annotationsDiffer: true }, going, 'route');
    expect(write).toMatchObject({ patch: { metadata: expect.not.objectContaining({ ownerReferences }) } });
  });

  it('is patched while a finalizer keeps it, because it routes until then', () => {
    const change = { terminating: true, spec: { addressType: 'IPv4', endpoints: [], ports } } as const;
    expect(writesOf(change)).toStrictEqual(patchOf({}));
  });
});

describe('the endpoint of a pod', () => {
  it('takes traffic, and says the state of the pod beside it', () => {
    const pod = aCandidate({ name: 'pg-0', ready: false, terminating: true });
    expect(toEndpointView(pod, '10.0.0.9', 'shop')).toStrictEqual({
      addresses: ['10.0.0.9'],
      ready: true,
      serving: false,
      terminating: true,
      targetRef,
      nodeName: 'node-0',
      zone: 'zone-0',
    });
  });

  it('has no node and no zone where the pod has none', () => {
    const { nodeName: _node, zone: _zone, ...pod } = aCandidate({ name: 'pg-0' });
    expect(toEndpointView(pod, '10.0.0.1', 'shop')).toStrictEqual(view);
  });
});
