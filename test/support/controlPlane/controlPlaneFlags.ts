/**
 * Lists the flags of the programs of a control plane, with the reason for each that is not obvious.
 *
 * Source: https://kubernetes.io/docs/reference/command-line-tools-reference/
 */

import type { Credentials } from './writeCredentials.ts';

/** Relative to the folder that etcd runs in. etcd requires `host:port` even of a Unix socket. */
const clientSocket = 'client.sock:0';

export function etcdFlags(): readonly string[] {
  return [
    '--data-dir=etcd',
    '--unsafe-no-fsync',
    '--log-level=error',
    `--listen-client-urls=unix://${clientSocket}`,
    `--advertise-client-urls=unix://${clientSocket}`,
    '--listen-peer-urls=unix://peer.sock:0',
    '--initial-advertise-peer-urls=unix://peer.sock:0',
    '--initial-cluster=default=unix://peer.sock:0',
  ];
}

interface ApiServerSetting {
  readonly directory: string;
  readonly port: number;
  readonly credentials: Credentials;
  readonly serviceCidrs: string;
  /** File of the policy; null without an audit log. */
  readonly auditPolicyFile: string | null;
  readonly mutatingPolicies: boolean;
}

export function apiServerFlags(setting: ApiServerSetting): readonly string[] {
  const { directory, port, credentials, serviceCidrs, auditPolicyFile, mutatingPolicies } = setting;
  return [
    `--etcd-servers=unix://${directory}/${clientSocket}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    // it would try again and again to publish a loopback address, which is refused
    '--endpoint-reconciler-type=none',
    '--cert-dir=certs',
    `--service-cluster-ip-range=${serviceCidrs}`,
    '--authorization-mode=RBAC',
    `--token-auth-file=${credentials.tokenFile}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${credentials.serviceAccountKeyFile}`,
    `--service-account-signing-key-file=${credentials.serviceAccountKeyFile}`,
    // pods are bare, in namespaces where no controller makes an account
    '--disable-admission-plugins=ServiceAccount',
    // beta, and off by default, in Kubernetes 1.35
    ...(mutatingPolicies
      ? ['--feature-gates=MutatingAdmissionPolicy=true', '--runtime-config=admissionregistration.k8s.io/v1beta1=true']
      : []),
    ...(auditPolicyFile === null
      ? []
      : [`--audit-policy-file=${auditPolicyFile}`, '--audit-log-path=audit.log', '--audit-log-mode=blocking']),
  ];
}

/**
 * Controllers whose objects zen-lead meets: endpoints and slices, garbage collection by owner,
 * deletion of namespaces.
 */
const controllers = [
  'endpoints-controller',
  'endpointslice-controller',
  'endpointslice-mirroring-controller',
  'garbage-collector-controller',
  'namespace-controller',
];

/** What makes pods, and what scales. */
const workloadControllers = [
  'deployment-controller',
  'replicaset-controller',
  'statefulset-controller',
  'horizontal-pod-autoscaler-controller',
];

export interface MoreControllers {
  /** For the stories of flows. */
  readonly jobs?: boolean | undefined;
  /** For the stories of scale-down. */
  readonly workloads?: boolean | undefined;
}

export function controllerManagerFlags(
  kubeconfig: string,
  { jobs = false, workloads = false }: MoreControllers,
): readonly string[] {
  const ofJobs = jobs ? ['job-controller', 'cronjob-controller'] : [];
  const started = [...controllers, ...ofJobs, ...(workloads ? workloadControllers : [])];
  return [
    `--kubeconfig=${kubeconfig}`,
    `--controllers=${started.join(',')}`,
    '--leader-elect=false',
    // it looks every 15 s by default
    ...(workloads ? ['--horizontal-pod-autoscaler-sync-period=1s'] : []),
    '--secure-port=0',
    // with the default of 20 the suite would wait for the controllers, not for zen-lead
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
  ];
}
