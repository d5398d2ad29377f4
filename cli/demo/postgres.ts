/**
 * Builds the objects of the demo as a user of a StatefulSet has them: a PostgreSQL of three pods on
 * three nodes, and its Service.
 */

export const NAMESPACE = 'default';
export const SERVICE = 'postgres';
export const LEADER_SERVICE = 'postgres-leader';
export const POD_NAMES = ['postgres-0', 'postgres-1', 'postgres-2'] as const;
export const POSTGRES_PORT = 5432;
/** Where each pod says whether it works, as Patroni does. */
export const HEALTH_PORT = 8008;

const labels = { 'app.kubernetes.io/name': 'postgresql', 'app.kubernetes.io/instance': 'postgres' };
const ZONE = 'topology.kubernetes.io/zone';

export interface Place {
  readonly node: string;
  readonly zone: string;
}

const places: readonly Place[] = [
  { node: 'node-a', zone: 'zone-a' },
  { node: 'node-b', zone: 'zone-b' },
  { node: 'node-c', zone: 'zone-c' },
];

function aNode({ node, zone }: Place): object {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node, labels: { 'kubernetes.io/hostname': node, [ZONE]: zone } },
    status: {
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
      nodeInfo: { kubeletVersion: 'v1.35.4' },
    },
  };
}

export function nodes(): readonly object[] {
  return places.map(aNode);
}

export function aService(): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: SERVICE, namespace: NAMESPACE, labels },
    spec: { selector: labels, ports: [{ name: 'postgresql', port: POSTGRES_PORT, targetPort: 'postgresql' }] },
  };
}

/**
 * As the StatefulSet controller would make it and the scheduler place it. The ordinal decides the
 * node.
 */
export function aPod(name: string): object {
  const ordinal = Number(name.slice(name.lastIndexOf('-') + 1));
  const place = places[ordinal % places.length];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: {
        ...labels,
        'apps.kubernetes.io/pod-index': String(ordinal),
        'statefulset.kubernetes.io/pod-name': name,
        ...(place === undefined ? {} : { [ZONE]: place.zone }),
      },
    },
    spec: {
      ...(place === undefined ? {} : { nodeName: place.node }),
      containers: [
        {
          name: 'postgresql',
          image: 'postgres:18',
          ports: [
            { name: 'postgresql', containerPort: POSTGRES_PORT, protocol: 'TCP' },
            { name: 'health', containerPort: HEALTH_PORT, protocol: 'TCP' },
          ],
          readinessProbe: { tcpSocket: { port: 'postgresql' }, periodSeconds: 1, failureThreshold: 2 },
        },
      ],
    },
  };
}
