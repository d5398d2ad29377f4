import { describe, expect, it } from 'vitest';
import { fromObjects, type KubernetesObjects } from '../../../lib/kube/fromObjects.ts';

const metadata = (name: string, resourceVersion: string, more: object = {}) => ({
  namespace: 'shop',
  name,
  uid: `uid-${name}`,
  resourceVersion,
  creationTimestamp: '2026-01-01T00:00:00Z',
  ...more,
});
const service = {
  metadata: metadata('db', '7', { annotations: { 'zen-lead.io/enabled': 'true' } }),
  spec: { selector: { app: 'db' }, ports: [{ port: 5432 }], ipFamilies: ['IPv4'] },
};
const aPod = (name: string, resourceVersion: string, more: object = {}) => ({
  metadata: metadata(name, resourceVersion, { labels: { app: 'db' }, ...more }),
});
const aSlice = (annotations: object, more: object = {}) => ({
  metadata: metadata('db-leader-ipv4', '9', { annotations, ...more }),
  addressType: 'IPv4',
});
const from = (objects: Partial<KubernetesObjects> = {}) =>
  fromObjects({ service, pods: [], services: [], endpointSlices: [], ...objects });

describe('fromObjects', () => {
  it('takes the source once, also when the list of Services holds it', () => {
    const snapshot = from({ services: [service, { metadata: metadata('db-leader', '8'), spec: {} }] });
    expect(snapshot).toMatchObject({ namespace: 'shop', name: 'db', source: { uid: 'uid-db' } });
    expect(snapshot.services.map(({ name }) => name)).toEqual(['db-leader']);
  });

  it('leaves out objects of other namespaces', () => {
    const elsewhere = { namespace: 'bank' };
    const snapshot = from({
      pods: [aPod('db-0', '1'), aPod('db-1', '1', elsewhere)],
      services: [{ metadata: metadata('db-leader', '8', elsewhere), spec: {} }],
      endpointSlices: [aSlice({}, elsewhere)],
    });
    expect(snapshot.candidates.map(({ name }) => name)).toEqual(['db-0']);
    expect([...snapshot.services, ...snapshot.slices]).toEqual([]);
  });

  it('takes the revisions that it is given', () => {
    const revisions = { pods: '1', services: '2', slices: '3' };
    expect(from({ pods: [aPod('db-0', '50')], revisions }).revisions).toEqual(revisions);
  });

  it('fromObjects otherwise takes the newest version that the objects name, each kind for itself', () => {
    const { revisions } = from({
      pods: [aPod('db-0', '9'), aPod('db-1', '10'), aPod('db-2', 'x')],
      services: [{ metadata: metadata('db-leader', '8'), spec: {} }],
      endpointSlices: [],
    });
    expect(revisions).toEqual({ pods: '10', services: '8', slices: '0' });
  });

  it('never takes one that is older than the record, so that explaining asks for no write', () => {
    const recorded = { 'zen-lead.io/pods-revision': '40', 'zen-lead.io/services-revision': '30' };
    const { revisions } = from({ pods: [aPod('db-0', '9')], endpointSlices: [aSlice(recorded)] });
    expect(revisions).toEqual({ pods: '40', services: '30', slices: '9' });
  });

  it('names the object and the field that cannot be read', () => {
    const broken = { metadata: { ...aPod('db-1', '2').metadata, uid: 5 } };
    expect(() => from({ pods: [aPod('db-0', '1'), broken] })).toThrowError(
      expect.objectContaining({ code: 'INPUT_INVALID', path: 'pods[1].metadata.uid' }),
    );
    expect(() => from({ service: null })).toThrowError(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });
});
