/**
 * Manifests of pods and source Services as the API server would hold them.
 */

import { timestamp } from './apiServer.ts';

export interface PodState {
  readonly name: string;
  readonly uid: string;
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly isReady: boolean;
  readonly ips: readonly string[];
  readonly nodeName: string;
  readonly at: number;
}

export const APP_LABELS = { app: 'db' };

export function podManifest({ name, uid, phase, isReady, ips, nodeName, at }: PodState): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, uid, labels: { ...APP_LABELS } },
    spec: { nodeName, containers: [{ name: 'db', ports: [{ name: 'sql', containerPort: 5432 }] }] },
    status: { phase, podIPs: ips.map((ip) => ({ ip })), conditions: [readyCondition(isReady, at)] },
  };
}

export function readyCondition(isReady: boolean, at: number): object {
  return { type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: timestamp(at) };
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
      ports: [{ port: 5432, protocol: 'TCP', targetPort: 'sql' }],
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
