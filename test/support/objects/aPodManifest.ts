/**
 * Builds a pod as the API has it, from the manifest of its owner and the status of its kubelet.
 *
 * The API server takes the two in two requests. Where a test puts objects straight into a store, it
 * joins them.
 */

export interface PodManifestOptions {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  /** Default: `{ app: 'db' }`. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly nodeName?: string;
  readonly createdAt?: string;
}

/** Its port `pg` is 5432. */
export function aPodManifest({ labels = { app: 'db' }, createdAt, nodeName, ...identity }: PodManifestOptions): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...identity, labels: { ...labels }, ...(createdAt !== undefined && { creationTimestamp: createdAt }) },
    spec: {
      ...(nodeName !== undefined && { nodeName }),
      containers: [{ name: 'main', image: 'postgres', ports: [{ name: 'pg', containerPort: 5432, protocol: 'TCP' }] }],
    },
  };
}

export interface PodStatusOptions {
  readonly ips: readonly string[];
  /** Default: Running. */
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  /** Default: true. */
  readonly ready?: boolean;
  /** When readiness changed, in whole seconds as a kubelet writes it. */
  readonly changedAt?: string;
}

export function aPodStatus({ ips, phase = 'Running', ready = true, changedAt }: PodStatusOptions): object {
  const [podIP] = ips;
  return {
    phase,
    ...(podIP !== undefined && { podIP }),
    podIPs: ips.map((ip) => ({ ip })),
    conditions: [aReadyCondition(ready, changedAt)],
  };
}

export function aReadyCondition(ready: boolean, changedAt = '2026-11-20T09:01:00Z'): object {
  return { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: changedAt };
}
