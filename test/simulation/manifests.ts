/**
 * Builds source Services and other people's objects, as the API server would hold them.
 */

import { aReadyCondition } from '../support/objects/aPodManifest.ts';
import { timestamp } from './apiServer.ts';

export const APP_LABELS = { app: 'db' };

export function readyCondition(isReady: boolean, at: number): object {
  return aReadyCondition(isReady, timestamp(at));
}

export function sourceManifest(
  name: string,
  isDualStack: boolean,
  annotations: Readonly<Record<string, string>>,
): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, annotations },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.10',
      selector: { ...APP_LABELS },
      ports: [{ port: 5432, protocol: 'TCP', targetPort: 'pg' }],
      ipFamilies: isDualStack ? ['IPv4', 'IPv6'] : ['IPv4'],
      ipFamilyPolicy: isDualStack ? 'PreferDualStack' : 'SingleStack',
    },
  };
}

export function foreignServiceManifest(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, labels: { team: 'another' } },
    spec: {
      type: 'ClusterIP',
      selector: { app: 'other' },
      ports: [{ port: 80, protocol: 'TCP' }],
      ipFamilies: ['IPv4'],
    },
  };
}

export function foreignSliceManifest(name: string, serviceName: string): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      labels: { 'kubernetes.io/service-name': serviceName, 'endpointslice.kubernetes.io/managed-by': 'another' },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['192.0.2.1'] }],
    ports: [],
  };
}
