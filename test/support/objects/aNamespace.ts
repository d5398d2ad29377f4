/** Builds objects of the namespace `shop` as the API has them, an opted-in Service and its pods. */

import type { FakeApi, Stored } from '../servers/fakeApi.ts';
import { aPodManifest, aPodStatus } from './aPodManifest.ts';

export function putService(
  fake: FakeApi,
  annotations: Readonly<Record<string, string>> = {},
  spec: object = {},
  name = 'db',
): Stored {
  return fake.put('services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, annotations: { 'zen-lead.io/enabled': 'true', ...annotations } },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.9',
      selector: { app: 'db' },
      ports: [{ name: 'pg', port: 5432, protocol: 'TCP', targetPort: 5432 }],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ...spec,
    },
  });
}

export interface PodChange {
  readonly ready?: boolean;
  readonly ip?: string;
  /** Of the second family. */
  readonly otherIps?: readonly string[];
  readonly labels?: Record<string, string>;
}

export function putPod(
  fake: FakeApi,
  name: string,
  { ready = true, ip, otherIps = [], labels = { app: 'db' } }: PodChange = {},
): Stored {
  const number = name.at(-1);
  const createdAt = `2026-11-20T09:00:0${number}Z`;
  return fake.put('pods', {
    ...aPodManifest({ name, labels, createdAt, nodeName: 'n1' }),
    status: aPodStatus({ ready, ips: [ip ?? `10.0.0.${number}`, ...otherIps] }),
  });
}

/** The pod that the leader's slice routes to. */
export function routedPod(fake: FakeApi): string | null {
  const slice = fake.find('endpointslices', 'db-leader-ipv4');
  const [endpoint] = (slice?.['endpoints'] ?? []) as { targetRef: { name: string } }[];
  return endpoint?.targetRef.name ?? null;
}
