/**
 * Starts pods without a kubelet: the test writes the status that a kubelet would write.
 *
 * Guarantees: a pod has an IPv4 and an IPv6 address that no other pod of the test file had.
 *
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ (phases, conditions,
 * termination)
 */

import { z } from 'zod';
import type { Namespace } from './createNamespace.ts';
import type { nodes } from './createNodes.ts';

interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
}

export interface PodOptions {
  readonly name: string;
  /** Default: `{ app: 'web' }`. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ports?: readonly ContainerPort[];
  /** Ports of a restartable init container ("sidecar"). */
  readonly sidecarPorts?: readonly ContainerPort[];
  /** Default: both families. */
  readonly families?: readonly ('IPv4' | 'IPv6')[];
  /** Default: true. */
  readonly ready?: boolean;
  /** Default: node-a. */
  readonly node?: (typeof nodes)[number]['name'];
}

export interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly ipv4: string;
  readonly ipv6: string;
  setReady(ready: boolean): Promise<void>;
  setPhase(phase: 'Succeeded' | 'Failed'): Promise<void>;
  annotate(annotations: Readonly<Record<string, string>>): Promise<void>;
  /** Deletes it gracefully. It stays, Ready and terminating, because no kubelet ends it. */
  terminate(): Promise<void>;
  /** Deletes it at once. */
  kill(): Promise<void>;
}

const created = z.object({ metadata: z.object({ uid: z.string() }) });
let pods = 0;

export async function startPod(namespace: Namespace, options: PodOptions): Promise<Pod> {
  const { name, labels = { app: 'web' }, annotations = {}, ports = [], sidecarPorts, ready = true } = options;
  const families = options.families ?? ['IPv4', 'IPv6'];
  pods += 1;
  const ipv4 = `10.244.${Math.floor(pods / 250)}.${(pods % 250) + 1}`;
  const ipv6 = `fd00:10:244::${pods.toString(16)}`;
  const path = `${namespace.core('pods')}/${name}`;

  const pod = await namespace.request('POST', namespace.core('pods'), {
    metadata: { name, labels, annotations },
    spec: {
      nodeName: options.node ?? 'node-a',
      containers: [{ name: 'main', image: 'web', ports }],
      ...(sidecarPorts && {
        initContainers: [{ name: 'sidecar', image: 'sidecar', restartPolicy: 'Always', ports: sidecarPorts }],
      }),
    },
  });
  const { uid } = created.parse(pod).metadata;
  const writeStatus = (status: object) => namespace.request('PATCH', `${path}/status`, { status });
  const podIPs = families.map((family) => ({ ip: family === 'IPv4' ? ipv4 : ipv6 }));
  await writeStatus({ phase: 'Running', podIP: podIPs[0]?.ip, podIPs, conditions: [readyCondition(ready)] });

  return {
    name,
    uid,
    ipv4,
    ipv6,
    async setReady(value) {
      await writeStatus({ conditions: [readyCondition(value)] });
    },
    async setPhase(phase) {
      await writeStatus({ phase, conditions: [readyCondition(false)] });
    },
    async annotate(annotations) {
      await namespace.request('PATCH', path, { metadata: { annotations } });
    },
    async terminate() {
      await namespace.request('DELETE', path, { gracePeriodSeconds: 300 });
    },
    async kill() {
      await namespace.request('DELETE', path, { gracePeriodSeconds: 0 });
    },
  };
}

/** A merge patch replaces the whole list of conditions; only Ready matters here. */
function readyCondition(ready: boolean): object {
  // the kubelet writes whole seconds
  const seconds = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  return { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: seconds };
}
