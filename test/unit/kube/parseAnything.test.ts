import fc from 'fast-check';
import { expect, it } from 'vitest';
import { codeOf } from '../../../lib/errors.ts';
import { parsePod } from '../../../lib/kube/parsePod.ts';
import { parseService } from '../../../lib/kube/parseService.ts';
import { parseSlice } from '../../../lib/kube/parseSlice.ts';
import { changedSomewhere, type Json } from '../../support/changedSomewhere.ts';

const metadata = {
  namespace: 'ns',
  name: 'db',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '2026-11-20T10:00:00Z',
  labels: { 'endpointslice.kubernetes.io/managed-by': 'zen-lead.io', 'kubernetes.io/service-name': 'db-leader' },
  annotations: { 'zen-lead.io/enabled': 'true', 'zen-lead.io/priority': '1' },
  ownerReferences: [{ kind: 'Service', name: 'db', uid: 's', controller: true }],
};
const container = { name: 'c', restartPolicy: 'Always', ports: [{ name: 'pg', containerPort: 5432, protocol: 'TCP' }] };
const pod: Json = {
  metadata,
  spec: { nodeName: 'n', containers: [container], initContainers: [container] },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-11-20T10:00:00Z' }],
    podIP: '10.0.0.1',
    podIPs: [{ ip: '10.0.0.1' }],
  },
};
const service: Json = {
  metadata,
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.1',
    selector: { app: 'db' },
    ports: [{ name: 'pg', port: 1, targetPort: 'pg', protocol: 'TCP', appProtocol: 'x' }],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
  },
};
const slice: Json = {
  metadata,
  addressType: 'IPv4',
  endpoints: [
    {
      addresses: ['10.0.0.1'],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', namespace: 'ns', name: 'db-0', uid: 'u' },
      nodeName: 'n',
      zone: 'z',
    },
  ],
  ports: [{ name: 'pg', port: 1, protocol: 'TCP', appProtocol: 'x' }],
};

// A TypeError out of a projection would end the process: the reflector takes it for our fault.
it.each<[string, (input: unknown) => unknown, Json]>([
  ['parsePod', parsePod, pod],
  ['parseService', parseService, service],
  ['parseSlice', parseSlice, slice],
])(
  '%s either reads an object or says which path it cannot read, whatever stands at any one place',
  (_name, parse, whole) => {
    expect(parse(whole)).toBeTypeOf('object');
    fc.assert(
      fc.property(changedSomewhere(whole), (changed) => {
        try {
          expect(parse(changed)).toBeTypeOf('object');
        } catch (error) {
          expect(codeOf(error)).toBe('INPUT_INVALID');
        }
      }),
      { numRuns: 2_000 },
    );
  },
);
