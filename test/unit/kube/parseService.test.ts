import { describe, expect, it } from 'vitest';
import { parseService } from '../../../lib/kube/parseService.ts';

const metadata = { namespace: 'ns', name: 'db', uid: 'u-1', resourceVersion: '12' };

describe('parseService', () => {
  it('keeps our annotations, the labels that say whose it is, the controller, and what the leader Service mirrors', () => {
    const service = {
      metadata: {
        ...metadata,
        labels: { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': 'db', app: 'db' },
        annotations: { 'zen-lead.io/enabled': 'true', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
        ownerReferences: [
          { kind: 'Thing', name: 't', uid: 'u-t' },
          { kind: 'Service', name: 'src', uid: 'u-s', controller: true },
        ],
      },
      spec: {
        type: 'NodePort',
        clusterIP: '10.96.0.5',
        selector: { app: 'db' },
        ipFamilies: ['IPv6', 'IPv4'],
        ipFamilyPolicy: 'RequireDualStack',
        ports: [
          { name: 'pg', port: 5432, targetPort: 'postgres', nodePort: 30000, appProtocol: 'postgres' },
          { name: 'dns', port: 53, targetPort: 5353, protocol: 'UDP' },
        ],
      },
    };
    expect(parseService(service)).toEqual({
      ...metadata,
      labels: { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': 'db' },
      annotations: { 'zen-lead.io/enabled': 'true' },
      owner: { kind: 'Service', name: 'src', uid: 'u-s' },
      terminating: false,
      type: 'NodePort',
      headless: false,
      selector: { app: 'db' },
      ports: [
        { name: 'pg', protocol: 'TCP', port: 5432, targetPort: 'postgres', appProtocol: 'postgres' },
        { name: 'dns', protocol: 'UDP', port: 53, targetPort: 5353 },
      ],
      ipFamilies: ['IPv6', 'IPv4'],
      ipFamilyPolicy: 'RequireDualStack',
    });
  });

  it('reads a headless Service without ports, selector or annotations', () => {
    expect(parseService({ metadata, spec: { clusterIP: 'None' } })).toEqual({
      ...metadata,
      labels: {},
      annotations: {},
      owner: null,
      terminating: false,
      type: 'ClusterIP',
      headless: true,
      selector: null,
      ports: [],
      ipFamilies: [],
    });
  });

  it('takes an absent targetPort for the port itself', () => {
    expect(parseService({ metadata, spec: { ports: [{ port: 80 }] } }).ports).toEqual([
      { name: '', protocol: 'TCP', port: 80, targetPort: 80 },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['no spec', { metadata }, 'spec'],
    ['no resourceVersion', { metadata: { ...metadata, resourceVersion: '' }, spec: {} }, 'metadata.resourceVersion'],
    ['an unknown type', { metadata, spec: { type: 'Magic' } }, 'spec.type'],
    ['a port without number', { metadata, spec: { ports: [{ name: 'x' }] } }, 'spec.ports[].port'],
    ['an unknown family', { metadata, spec: { ipFamilies: ['IPv5'] } }, 'spec.ipFamilies[]'],
    ['a selector value that is not a string', { metadata, spec: { selector: { a: 1 } } }, 'spec.selector.a'],
  ])('refuses %s and says where', (_what, input, path) => {
    expect(() => parseService(input)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID', path }));
  });
});
