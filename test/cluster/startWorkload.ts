/**
 * Creates a real Deployment whose Service is opted in, in a namespace of its own. Every story has
 * one.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './attachCluster.ts';
import { signalContainer } from './containers.ts';

export interface Workload {
  readonly namespace: string;
  /** ClusterIP of the leader Service. */
  readonly clusterIp: string;
  /** Returns the name of the pod that is routed to, or null. */
  readLeader(): Promise<string | null>;
  /** Waits until another pod leads, and returns it. */
  waitForOther(than: string): Promise<string>;
  pods(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** Whose pods have the label `app: web`. */
interface DeploymentOptions {
  readonly name: string;
  readonly replicas: number;
  /** Only there. Absent: anywhere but on the second node (startSecondNode.ts). */
  readonly node?: string;
}

/** A failover takes a few seconds; the rest is for a busy machine. */
const timeoutMs = 90_000;

export async function startWorkload(
  cluster: Cluster,
  namespace: string,
  deployments: readonly DeploymentOptions[] = [{ name: 'web', replicas: 3 }],
): Promise<Workload> {
  await cluster.apply(toManifest(namespace, deployments));
  for (const { name } of deployments)
    await cluster.kubectl('-n', namespace, 'rollout', 'status', `deploy/${name}`, '--timeout=120s');
  const readLeader = async (): Promise<string | null> => {
    const path = 'jsonpath={.items[*].endpoints[*].targetRef.name}';
    const selector = 'kubernetes.io/service-name=web-leader';
    const name = await cluster.kubectl('-n', namespace, 'get', 'endpointslices', '-l', selector, '-o', path);
    return name === '' ? null : name;
  };
  const waitFor = async (isDone: (leader: string) => boolean): Promise<string> => {
    const deadlineAt = Date.now() + timeoutMs;
    while (Date.now() < deadlineAt) {
      const leader = await readLeader();
      if (leader !== null && isDone(leader)) return leader;
      await sleep(100);
    }
    throw new Error(
      `no such leader in ${namespace}: ${await cluster.kubectl('-n', namespace, 'get', 'pods,endpointslices', '-o', 'wide')}`,
    );
  };
  await waitFor(() => true);
  const clusterIp = await cluster.kubectl(
    '-n',
    namespace,
    'get',
    'service',
    'web-leader',
    '-o',
    'jsonpath={.spec.clusterIP}',
  );
  return {
    namespace,
    clusterIp,
    readLeader,
    waitForOther: (than) => waitFor((leader) => leader !== than),
    async pods() {
      const names = await cluster.kubectl(
        '-n',
        namespace,
        'get',
        'pods',
        '-l',
        'app=web',
        '-o',
        'jsonpath={.items[*].metadata.name}',
      );
      return names.split(' ');
    },
    async remove() {
      // Waits until it is gone: what follows is measured without the reconciles that its end costs.
      await cluster.kubectl('delete', 'namespace', namespace, '--timeout=150s');
    },
  };
}

/**
 * Loses the leader as when its node is lost, only at once. It kills the process and then deletes
 * the pod without a grace period, before the kubelet starts another. Were the pod only deleted, the
 * process would go on answering: the kubelet gives it two seconds even then.
 */
export async function loseLeader(cluster: Cluster, { namespace }: Workload, leader: string): Promise<void> {
  await signalContainer(cluster, leader, 'web', 'SIGKILL');
  await cluster.request('DELETE', `/api/v1/namespaces/${namespace}/pods/${leader}`, { gracePeriodSeconds: 0 });
}

/**
 * Probes are as quick as Kubernetes allows, because the stories measure zen-lead and the cluster,
 * not patience.
 */
function toDeployment(namespace: string, { name, replicas, node }: DeploymentOptions): string {
  const place =
    node === undefined
      ? ''
      : `
      nodeSelector: { kubernetes.io/hostname: ${node} }
      tolerations: [{ key: second-node, operator: Exists }]`;
  return `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web, deployment: ${name} } }
  template:
    metadata: { labels: { app: web, deployment: ${name} } }
    spec:${place}
      terminationGracePeriodSeconds: 4
      containers:
        - name: web
          image: dev.local/web:1
          imagePullPolicy: Never
          ports: [{ containerPort: 8080, name: http }]
          readinessProbe: { httpGet: { path: /index.html, port: http }, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1 }
`;
}

function toManifest(namespace: string, deployments: readonly DeploymentOptions[]): string {
  return `
apiVersion: v1
kind: Namespace
metadata: { name: ${namespace} }
${deployments.map((each) => `---${toDeployment(namespace, each)}`).join('')}---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: ${namespace}, annotations: { zen-lead.io/enabled: "true" } }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: http }]
`;
}
