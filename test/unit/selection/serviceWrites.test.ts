import { describe, expect, it } from 'vitest';
import type { ServicePlan } from '../../../lib/selection/decision.ts';
import { serviceWrites } from '../../../lib/selection/serviceWrites.ts';
import type { ServiceView } from '../../../lib/selection/snapshot.ts';
import type { Write } from '../../../lib/selection/write.ts';
import { aService } from '../../support/objects/builders.ts';

const source = aService();
const port = { name: 'pg', protocol: 'TCP', port: 5432, targetPort: 5432 } as const;
const plan: ServicePlan = {
  ...{ name: 'postgres-leader', role: 'leader', type: 'ClusterIP', headless: false },
  ports: [port],
  ipFamilies: ['IPv4', 'IPv6'],
  ipFamilyPolicy: 'PreferDualStack',
};
const labels = { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': 'postgres' };
const owner = { kind: 'Service', name: 'postgres', uid: source.uid };
const ownerReferences = [{ apiVersion: 'v1', ...owner, controller: true }];

const asPlanned = aService(
  {},
  { name: plan.name, labels, owner, annotations: {}, selector: null, ports: plan.ports, ipFamilies: plan.ipFamilies },
);
const existing: ServiceView = { ...asPlanned, ipFamilyPolicy: 'PreferDualStack' };
const writesOf = (change: Partial<ServiceView>, changedPlan: Partial<ServicePlan> = {}) =>
  serviceWrites({ ...existing, ...change }, { ...plan, ...changedPlan }, source, 'route');
const { uid, resourceVersion } = existing;
const spec = {
  type: 'ClusterIP',
  ports: [{ ...port }],
  ipFamilies: ['IPv4', 'IPv6'],
  ipFamilyPolicy: 'PreferDualStack',
};
const patchOf = (writes: readonly Write[]) =>
  writes.map((write) => (write.kind === 'patch' ? write.patch : write.kind));

it('makes a Service with nothing that was not planned', () => {
  const { ipFamilyPolicy: _, ...withoutPolicy } = plan;
  const [write] = serviceWrites(undefined, { ...withoutPolicy, ports: [{ ...port, name: '' }] }, source, 'route');
  expect(write).toStrictEqual({
    ...{ kind: 'create', stage: 'route', resource: 'services', namespace: 'shop', name: plan.name },
    object: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: plan.name, namespace: 'shop', labels, ownerReferences },
      spec: {
        type: 'ClusterIP',
        ports: [{ protocol: 'TCP', port: 5432, targetPort: 5432 }],
        ipFamilies: ['IPv4', 'IPv6'],
      },
    },
  });
  expect(JSON.stringify(write)).not.toContain('ipFamilyPolicy');
});

describe('a Service that exists', () => {
  it('a Service that exists is not written while it is as planned, being deleted, or has a policy that the source lacks', () => {
    expect(writesOf({})).toEqual([]);
    expect(writesOf({ terminating: true, type: 'NodePort' })).toEqual([]);
    const { ipFamilyPolicy: _, ...withoutPolicy } = plan;
    expect(serviceWrites(existing, withoutPolicy, source, 'route')).toEqual([]);
  });

  it.each<[string, Partial<ServiceView>, object]>([
    ['one of two labels', { labels: { 'app.kubernetes.io/managed-by': 'zen-lead' } }, { labels }],
    ['its owner', { owner: null }, { ownerReferences }],
  ])('a Service that exists is given back %s, and nothing else is written', (_, change, metadata) => {
    expect(patchOf(writesOf(change))).toStrictEqual([{ metadata: { uid, resourceVersion, ...metadata } }]);
  });

  it('a Service that exists is not a source itself: its opt-in goes, and nothing else is written', () => {
    const metadata = { uid, resourceVersion, annotations: { 'zen-lead.io/enabled': null } };
    expect(patchOf(writesOf({ annotations: { 'zen-lead.io/enabled': 'true' } }))).toStrictEqual([{ metadata }]);
  });

  it.each<[string, Partial<ServiceView>, object]>([
    ['a type', { type: 'NodePort' }, {}],
    ['ports', { ports: [] }, {}],
    ['a lost second family', { ipFamilies: ['IPv4'] }, {}],
    ['a policy', { ipFamilyPolicy: 'SingleStack' }, {}],
    ['a selector', { selector: { app: 'x' } }, { selector: null }],
    ['an ExternalName', { type: 'ExternalName', ipFamilies: [] }, { externalName: null }],
  ])('a Service that exists is put right by one patch of the spec: %s', (_, change, more) => {
    expect(patchOf(writesOf(change))).toStrictEqual([
      { metadata: { uid, resourceVersion }, spec: { ...spec, ...more } },
    ]);
  });

  it.each<[string, Partial<ServicePlan>]>([
    ['headless', { headless: true }],
    ['another first family', { ipFamilies: ['IPv6', 'IPv4'] }],
  ])('a Service that exists is made again where the API changes a field no more: %s', (_, change) => {
    expect(writesOf({}, change).map(({ kind }) => kind)).toEqual(['delete', 'create']);
  });
});
