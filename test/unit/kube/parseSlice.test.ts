import { describe, expect, it } from 'vitest';
import { parseSlice } from '../../../lib/kube/parseSlice.ts';

const identity = { namespace: 'ns', name: 'db-leader-ipv4', uid: 'u-1', resourceVersion: '12' };
const ours = {
  'kubernetes.io/service-name': 'db-leader',
  'endpointslice.kubernetes.io/managed-by': 'zen-lead.io',
};
const anEndpoint = (parts: object = {}) => ({ addresses: ['10.0.0.1'], ...parts });
const aSlice = (parts: object = {}, labels: object = ours) => ({
  metadata: { ...identity, labels },
  addressType: 'IPv4',
  endpoints: [],
  ports: [],
  ...parts,
});

describe('parseSlice', () => {
  it('reads one of our slices in full', () => {
    const endpoint = anEndpoint({
      conditions: { ready: false, serving: true, terminating: true },
      targetRef: { kind: 'Pod', namespace: 'ns', name: 'db-0', uid: 'u-0' },
      nodeName: 'n1',
      zone: 'z1',
    });
    const ports = [{ name: 'pg', port: 5432, protocol: 'TCP', appProtocol: 'postgres' }];
    expect(parseSlice(aSlice({ endpoints: [endpoint], ports }))).toEqual({
      ...identity,
      serviceName: 'db-leader',
      managedBy: 'zen-lead.io',
      annotations: {},
      owner: null,
      terminating: false,
      spec: {
        addressType: 'IPv4',
        endpoints: [
          {
            addresses: ['10.0.0.1'],
            ready: false,
            serving: true,
            terminating: true,
            targetRef: { kind: 'Pod', namespace: 'ns', name: 'db-0', uid: 'u-0' },
            nodeName: 'n1',
            zone: 'z1',
          },
        ],
        ports,
      },
    });
  });

  it('keeps nothing of the endpoints of a slice that is not ours', () => {
    const foreign = { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' };
    expect(parseSlice(aSlice({ endpoints: [anEndpoint()] }, foreign))).toMatchObject({
      managedBy: 'endpointslice-controller.k8s.io',
      serviceName: null,
      spec: null,
    });
    expect(parseSlice(aSlice({}, {})).spec).toBeNull();
  });

  it('keeps the creation of a slice of ours that has no epoch yet, and of no other', () => {
    const created = { ...identity, creationTimestamp: '2026-11-20T10:00:05Z' };
    const createdAt = (annotations: object, labels: object) =>
      parseSlice(aSlice({ metadata: { ...created, annotations, labels } })).createdAt;
    expect(createdAt({}, ours)).toBe(Date.parse('2026-11-20T10:00:05Z'));
    expect(createdAt({ 'zen-lead.io/epoch': '7' }, ours)).toBeUndefined();
    expect(createdAt({}, {})).toBeUndefined();
  });

  it('reads one of our slices that came as metadata only', () => {
    const slice = { kind: 'PartialObjectMetadata', metadata: { ...identity, labels: ours } };
    expect(parseSlice(slice)).toMatchObject({ managedBy: 'zen-lead.io', spec: null });
  });

  it('reads absent conditions as ready, serving and not terminating', () => {
    expect(parseSlice(aSlice({ endpoints: [anEndpoint()] })).spec?.endpoints[0]).toEqual({
      addresses: ['10.0.0.1'],
      ready: true,
      serving: true,
      terminating: false,
    });
  });

  it('reads null lists as empty, as the API server writes them', () => {
    expect(parseSlice(aSlice({ endpoints: null, ports: null })).spec).toMatchObject({ endpoints: [], ports: [] });
  });

  it('leaves out what a hand edit left incomplete, so that it is repaired', () => {
    const endpoints = [anEndpoint({ targetRef: { kind: 'Pod', name: 'db-0' } })];
    const spec = parseSlice(aSlice({ endpoints, ports: [{ name: 'any' }] })).spec;
    expect(spec).toEqual({
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.1'], ready: true, serving: true, terminating: false }],
      ports: [],
    });
  });

  it.each<[string, unknown, string]>([
    ['an unknown address type', aSlice({ addressType: 'IPX' }), 'addressType'],
    ['endpoints that are not a list', aSlice({ endpoints: {} }), 'endpointslice.endpoints'],
    [
      'a condition that is not a boolean',
      aSlice({ endpoints: [anEndpoint({ conditions: { ready: 'yes' } })] }),
      'endpoints[].conditions.ready',
    ],
    [
      'an address that is not a string',
      aSlice({ endpoints: [{ addresses: [{ toString: 1 }] }] }),
      'endpoints[].addresses[]',
    ],
    ['no namespace', { metadata: { name: 'x' } }, 'metadata.namespace'],
  ])('refuses %s and says where', (_what, input, path) => {
    expect(() => parseSlice(input)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID', path }));
  });
});
