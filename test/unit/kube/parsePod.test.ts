import { describe, expect, it } from 'vitest';
import { parsePod } from '../../../lib/kube/parsePod.ts';

const meta = { namespace: 'ns', name: 'db-0', uid: 'u-0', creationTimestamp: '2026-11-20T10:00:00Z' };
const aPod = (parts: { metadata?: object; spec?: object; status?: object } = {}) => ({
  metadata: { ...meta, ...parts.metadata },
  spec: { containers: [], ...parts.spec },
  status: { phase: 'Running', ...parts.status },
});
const aContainer = (...ports: object[]) => ({ name: 'c', image: 'i', ports });

describe('parsePod', () => {
  it('keeps what the rules read and nothing else', () => {
    const pod = aPod({
      metadata: {
        resourceVersion: '5',
        labels: { app: 'db', 'topology.kubernetes.io/zone': 'z1', empty: '' },
        annotations: { 'zen-lead.io/priority': '7', 'zen-lead.io/exclude': 'true', other: 'x' },
        managedFields: [{ manager: 'kubelet' }],
      },
      spec: { nodeName: 'n1', containers: [aContainer({ name: 'pg', containerPort: 5432, protocol: 'TCP' })] },
      status: {
        podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }],
        podIP: '10.0.0.1',
        conditions: [
          { type: 'Initialized', status: 'True', lastTransitionTime: '2026-11-20T10:00:01Z' },
          { type: 'Ready', status: 'True', lastTransitionTime: '2026-11-20T10:00:05Z' },
        ],
      },
    });
    expect(parsePod(pod)).toEqual({
      namespace: 'ns',
      name: 'db-0',
      uid: 'u-0',
      labels: { app: 'db', 'topology.kubernetes.io/zone': 'z1', empty: '' },
      createdAt: Date.parse('2026-11-20T10:00:00Z'),
      phase: 'Running',
      ready: true,
      readyChangedAt: Date.parse('2026-11-20T10:00:05Z'),
      terminating: false,
      ips: ['10.0.0.1', 'fd00::1'],
      nodeName: 'n1',
      zone: 'z1',
      ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }],
      priority: '7',
      exclude: 'true',
    });
  });

  it.each([
    ['as Ready', 'True', '05', undefined],
    ['otherwise', 'False', '05', { ready: false, changedAt: Date.parse('2026-11-20T10:00:05Z') }],
    ['since another instant', 'True', '04', { ready: true, changedAt: Date.parse('2026-11-20T10:00:04Z') }],
  ])('keeps ContainersReady only where it is not %s', (_, status, second, expected) => {
    const conditions = [
      { type: 'ContainersReady', status, lastTransitionTime: `2026-11-20T10:00:${second}Z` },
      { type: 'Ready', status: 'True', lastTransitionTime: '2026-11-20T10:00:05Z' },
    ];
    const pod = parsePod(aPod({ status: { conditions } }));
    expect(pod.containers).toEqual(expected);
    expect(Object.hasOwn(pod, 'containers')).toBe(expected !== undefined);
  });

  it('says of a pod on the host network that it is, and of others nothing', () => {
    expect(parsePod(aPod({ spec: { hostNetwork: true } })).hostNetwork).toBe(true);
    expect(Object.keys(parsePod(aPod({ spec: { hostNetwork: false } })))).not.toContain('hostNetwork');
    expect(Object.keys(parsePod(aPod()))).not.toContain('hostNetwork');
  });

  it('reads a pod that has no node yet', () => {
    const pod = { metadata: meta, spec: { containers: [{ name: 'c' }] }, status: { phase: 'Pending' } };
    const view = parsePod(pod);
    expect(view).toMatchObject({ phase: 'Pending', ready: false, ips: [], ports: [], labels: {} });
    expect(Object.keys(view)).not.toContain('nodeName');
    expect(Object.keys(view)).not.toContain('readyChangedAt');
  });

  it.each([
    ['True', true],
    ['False', false],
    ['Unknown', false],
  ])('a Ready condition that is %s means ready %s', (status, ready) => {
    expect(parsePod(aPod({ status: { conditions: [{ type: 'Ready', status }] } })).ready).toBe(ready);
  });

  it('parsePod reads a pod as terminating from its deletionTimestamp on, Ready or not', () => {
    const pod = aPod({
      metadata: { deletionTimestamp: '2026-11-20T11:00:00Z' },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
    expect(parsePod(pod)).toMatchObject({ terminating: true, ready: true });
  });

  it('falls back to podIP, and takes an empty one for none', () => {
    expect(parsePod(aPod({ status: { podIP: '10.0.0.9' } })).ips).toEqual(['10.0.0.9']);
    expect(parsePod(aPod({ status: { podIP: '', podIPs: [] } })).ips).toEqual([]);
  });

  it('finds the named ports of restartable init containers, and of no other init container', () => {
    const initContainers = [
      { ...aContainer({ name: 'proxy', containerPort: 15001 }), restartPolicy: 'Always' },
      aContainer({ name: 'migrate', containerPort: 1 }),
    ];
    const containers = [aContainer({ name: 'pg', containerPort: 5432 }, { containerPort: 9 })];
    expect(parsePod(aPod({ spec: { containers, initContainers } })).ports).toEqual([
      { name: 'pg', port: 5432, protocol: 'TCP' },
      { name: 'proxy', port: 15001, protocol: 'TCP' },
    ]);
  });

  it('takes the first port of a name and protocol, and the same name under another protocol', () => {
    const containers = [
      aContainer({ name: 'dns', containerPort: 53, protocol: 'UDP' }, { name: 'dns', containerPort: 53 }),
      aContainer({ name: 'dns', containerPort: 5353, protocol: 'UDP' }),
    ];
    expect(parsePod(aPod({ spec: { containers } })).ports).toEqual([
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns', port: 53, protocol: 'TCP' },
    ]);
  });

  it('keeps label sets and port lists that pods share only once, and never mixes different ones up', () => {
    const spec = { containers: [aContainer({ name: 'pg', containerPort: 5432 })] };
    const first = parsePod(aPod({ metadata: { labels: { app: 'db' } }, spec }));
    const second = parsePod(aPod({ metadata: { labels: { app: 'db' }, name: 'db-1' }, spec }));
    expect(second.labels).toBe(first.labels);
    expect(second.ports).toBe(first.ports);
    // As text these two label sets could be the same: the separators are not allowed in labels, but
    // nothing checks a fake.
    const tricky = parsePod(aPod({ metadata: { labels: { a: '1,b=2' } } }));
    expect(parsePod(aPod({ metadata: { labels: { a: '1', b: '2' } } })).labels).toEqual({ a: '1', b: '2' });
    expect(tricky.labels).toEqual({ a: '1,b=2' });
  });

  it.each<[string, unknown, string]>([
    ['no object', 'pod', 'pod'],
    ['no metadata', {}, 'metadata'],
    ['no name', { metadata: { namespace: 'ns', uid: 'u' } }, 'metadata.name'],
    ['an empty uid', { metadata: { ...meta, uid: '' } }, 'metadata.uid'],
    ['a time that is none', aPod({ metadata: { creationTimestamp: 'yesterday' } }), 'metadata.creationTimestamp'],
    ['a label that is not a string', aPod({ metadata: { labels: { a: 1 } } }), 'metadata.labels.a'],
    ['an unknown phase', aPod({ status: { phase: 'Dancing' } }), 'status.phase'],
    ['an address that is not a string', aPod({ status: { podIPs: [{ ip: 4 }] } }), 'status.podIPs[].ip'],
    ['containers that are not a list', aPod({ spec: { containers: {} } }), 'spec.containers'],
    [
      'a named port without number',
      aPod({ spec: { containers: [aContainer({ name: 'x' })] } }),
      'spec.containers[].containerPort',
    ],
  ])('refuses %s and says where', (_what, input, path) => {
    expect(() => parsePod(input)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID', path }));
  });
});
