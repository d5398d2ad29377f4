/**
 * A crowd: the API objects of a large cluster, made from their numbers alone. Pods are as long as a
 * Deployment's usually are, some 3 kB, with probes, volumes, status and managed fields.
 *
 * Guarantees: pure. The same number gives the same object.
 */

export interface CrowdSize {
  readonly pods: number;
  /** Opted in, each with a leader. They share the pods evenly. */
  readonly services: number;
}

const NAMESPACES = 50;
const NODES = 1_000;
const createdAt = '2026-11-20T09:00:00Z';

const nameOfService = (i: number): string => `app-${i}`;
const namespaceOf = (service: number): string => `team-${service % NAMESPACES}`;
const uidOf = (kind: number, i: number): string => `${kind}0000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
const addressOf = (pod: number): string => `10.${pod >> 16}.${(pod >> 8) & 255}.${pod & 255}`;
const nameOfPod = (i: number, { services }: CrowdSize): string =>
  `${nameOfService(i % services)}-7d9c5b8f6d-${String(i).padStart(6, '0')}`;

/** `touched` changes only what the rules do not read. */
export function makePod(i: number, size: CrowdSize, resourceVersion: number, touched = 0, isReady = true): object {
  const service = i % size.services;
  const name = nameOfPod(i, size);
  const node = `node-${i % NODES}`;
  const app = nameOfService(service);
  const condition = (type: string, isTrue = true): object => ({
    type,
    status: isTrue ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: createdAt,
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: `${app}-7d9c5b8f6d-`,
      namespace: namespaceOf(service),
      uid: uidOf(1, i),
      resourceVersion: String(resourceVersion),
      creationTimestamp: createdAt,
      labels: { app, 'pod-template-hash': '7d9c5b8f6d', 'app.kubernetes.io/part-of': 'shop' },
      annotations: { 'example.com/checksum': 'a3f1c0d9e8b7a6f5e4d3c2b1', 'example.com/heartbeat': String(touched) },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `${app}-7d9c5b8f6d`,
          uid: uidOf(2, service),
          controller: true,
        },
      ],
      managedFields: ['kube-controller-manager', 'kubelet'].map((manager) => ({
        manager,
        operation: 'Update',
        apiVersion: 'v1',
        time: createdAt,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {}, 'f:pod-template-hash': {} }, 'f:ownerReferences': {} },
          'f:status': { 'f:conditions': { 'k:{"type":"Ready"}': { '.': {}, 'f:status': {}, 'f:type': {} } } },
        },
      })),
    },
    spec: {
      nodeName: node,
      serviceAccountName: 'default',
      containers: [
        {
          name: 'main',
          image: `registry.example.com/shop/${app}:1.4.2`,
          ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
          env: ['LOG_LEVEL', 'DATABASE_URL', 'CACHE_URL'].map((key) => ({ name: key, value: `value-of-${key}` })),
          resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
          readinessProbe: { httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' }, periodSeconds: 5 },
          livenessProbe: { httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' }, periodSeconds: 10 },
          volumeMounts: [{ name: 'token', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
          terminationMessagePath: '/dev/termination-log',
          imagePullPolicy: 'IfNotPresent',
        },
      ],
      volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
      tolerations: ['not-ready', 'unreachable'].map((key) => ({
        key: `node.kubernetes.io/${key}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
    },
    status: {
      phase: 'Running',
      hostIP: '192.168.0.1',
      podIP: addressOf(i),
      podIPs: [{ ip: addressOf(i) }],
      startTime: createdAt,
      qosClass: 'Burstable',
      conditions: [
        condition('PodReadyToStartContainers'),
        condition('Initialized'),
        condition('Ready', isReady),
        condition('ContainersReady', isReady),
        condition('PodScheduled'),
      ],
      containerStatuses: [
        {
          name: 'main',
          ready: isReady,
          started: true,
          restartCount: 0,
          image: `registry.example.com/shop/${app}:1.4.2`,
          imageID: `sha256:${'0'.repeat(64)}`,
          containerID: `containerd://${String(i).padStart(64, '0')}`,
          state: { running: { startedAt: createdAt } },
        },
      ],
    },
  };
}

/** Sources first, then their leader Services. */
export function makeService(i: number, { services }: CrowdSize, resourceVersion: number): object {
  const isLeader = i >= services;
  const service = i % services;
  const name = nameOfService(service);
  const source = { apiVersion: 'v1', kind: 'Service', name, uid: uidOf(3, service), controller: true };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: isLeader ? `${name}-leader` : name,
      namespace: namespaceOf(service),
      uid: uidOf(isLeader ? 4 : 3, service),
      resourceVersion: String(resourceVersion),
      creationTimestamp: createdAt,
      ...(isLeader
        ? {
            labels: { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': name },
            ownerReferences: [source],
          }
        : { annotations: { 'zen-lead.io/enabled': 'true' } }),
    },
    spec: {
      type: 'ClusterIP',
      clusterIP: `10.96.${service >> 8}.${service & 255}`,
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
      ...(isLeader ? {} : { selector: { app: name } }),
    },
  };
}

/** The leader slices where `isOurs`, else those of the EndpointSlice controller, as metadata. */
export function makeSlice(service: number, size: CrowdSize, resourceVersion: number, isOurs: boolean): object {
  const name = nameOfService(service);
  const namespace = namespaceOf(service);
  const serviceName = isOurs ? `${name}-leader` : name;
  const manager = isOurs ? 'zen-lead.io' : 'endpointslice-controller.k8s.io';
  const pod = { kind: 'Pod', namespace, name: nameOfPod(service, size), uid: uidOf(1, service) };
  return {
    apiVersion: isOurs ? 'discovery.k8s.io/v1' : 'meta.k8s.io/v1',
    kind: isOurs ? 'EndpointSlice' : 'PartialObjectMetadata',
    metadata: {
      name: isOurs ? `${serviceName}-ipv4` : `${name}-x7k2p`,
      namespace,
      uid: uidOf(isOurs ? 5 : 6, service),
      resourceVersion: String(resourceVersion),
      creationTimestamp: createdAt,
      labels: { 'kubernetes.io/service-name': serviceName, 'endpointslice.kubernetes.io/managed-by': manager },
      ...(isOurs && {
        annotations: {
          'zen-lead.io/leader-pod-name': pod.name,
          'zen-lead.io/leader-pod-uid': pod.uid,
          'zen-lead.io/leader-last-switch-time': createdAt,
          'zen-lead.io/reason': 'FirstElection',
          'zen-lead.io/epoch': '7',
          'zen-lead.io/pods-revision': '1',
          'zen-lead.io/services-revision': '1',
        },
      }),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid: uidOf(3, service), controller: true }],
    },
    ...(isOurs && {
      addressType: 'IPv4',
      endpoints: [
        {
          addresses: [addressOf(service)],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: `node-${service % NODES}`,
          targetRef: pod,
        },
      ],
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    }),
  };
}
