/**
 * Finds what the cluster suite needs on this machine: root, the programs of a node, and the
 * programs that `npm run cluster:assets` built.
 *
 * The control plane comes from the e2e suite's cache.
 */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { kubernetesProgram } from '../support/controlPlane/buildAssets.ts';
import {
  cacheDirectory,
  type Environment,
  findAssets,
  isExecutable,
  versions,
} from '../support/controlPlane/findAssets.ts';
import type { GoProgram } from '../support/controlPlane/goProgram.ts';

/** CoreDNS has the version that Kubernetes 1.35 ships. */
export const clusterVersions = { coredns: '1.12.4', knative: versions.knative, helm: '3.22.0' } as const;

const serving = { module: 'knative.dev/serving', version: clusterVersions.knative } as const;
export const knativePrograms = ['webhook', 'controller', 'autoscaler', 'activator', 'queue'] as const;

const eventing = { module: 'knative.dev/eventing', version: clusterVersions.knative } as const;
/**
 * Folders in `cmd` of what ApiServerSource, SinkBinding, and a Broker on in-memory channels need.
 */
export const eventingPrograms = [
  'webhook',
  'controller',
  'apiserver_receive_adapter',
  'mtchannel_broker',
  'broker/ingress',
  'broker/filter',
  'in_memory/channel_controller',
  'in_memory/channel_dispatcher',
] as const;

/** Name of the file and of the image: `eventing-broker-ingress`. */
export function eventingName(program: string): string {
  return `eventing-${program.replaceAll('/', '-')}`;
}

/**
 * Folders of `knative-config`, by the module that each comes with. Serving decides on the versions
 * of the two others.
 */
export const manifestFolders = { serving: ['serving', 'networking', 'caching'], eventing: ['eventing'] } as const;

/** `npm run cluster:assets` builds these. */
export const clusterPrograms: readonly GoProgram[] = [
  ...['kube-scheduler', 'kubelet', 'kube-proxy'].map(kubernetesProgram),
  {
    name: 'coredns',
    module: 'github.com/coredns/coredns',
    package: 'github.com/coredns/coredns',
    version: clusterVersions.coredns,
  },
  ...knativePrograms.map((name) => ({ name: `knative-${name}`, package: `${serving.module}/cmd/${name}`, ...serving })),
  ...eventingPrograms.map((name) => ({
    name: eventingName(name),
    package: `${eventing.module}/cmd/${name}`,
    ...eventing,
  })),
  { name: 'helm', module: 'helm.sh/helm/v3', package: 'helm.sh/helm/v3/cmd/helm', version: clusterVersions.helm },
];

/**
 * Debian has them in containerd, runc, containernetworking-plugins, nftables, iproute2, util-linux,
 * busybox-static, openssl, conntrack.
 */
const nodePrograms = [
  'containerd',
  'ctr',
  'runc',
  'nft',
  'ip',
  'unshare',
  'nsenter',
  'busybox',
  'openssl',
  'conntrack',
];
const cniPlugin = '/usr/lib/cni/bridge';

export interface ClusterAssets {
  /** Folder of what `cluster:assets` built, with Knative's manifests in `knative-config`. */
  readonly directory: string;
  /** Folder of etcd, kube-apiserver and kube-controller-manager. */
  readonly controlPlane: Readonly<Record<string, string>>;
}

/** Returns what was found, or a plain sentence that names what is missing. */
export function findClusterAssets(environment: Environment): ClusterAssets | string {
  const node = findMissingNode(environment);
  if (node !== null) return `${skipped}${node}`;
  const controlPlane = findAssets(environment);
  const directory = clusterDirectory(environment);
  if (
    controlPlane === null ||
    findMissingPrograms(environment).length > 0 ||
    findMissingManifests(directory).length > 0
  )
    return `${skipped}its programs are not built (needs Go: npm run e2e:assets && npm run cluster:assets)`;
  return { directory, controlPlane };
}

const skipped = 'cluster: skipped, ';

/** Null when this machine can be a node. */
export function findMissingNode(environment: Environment): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it needs root on Linux';
  const folders = (environment['PATH'] ?? '').split(delimiter);
  const missing = nodePrograms.filter((name) => !folders.some((folder) => isExecutable(join(folder, name))));
  if (!isExecutable(cniPlugin)) missing.push(cniPlugin);
  return missing.length === 0 ? null : `not installed here: ${missing.join(' ')}`;
}

export function findMissingPrograms(environment: Environment): readonly GoProgram[] {
  return clusterPrograms.filter(({ name }) => !isExecutable(join(clusterDirectory(environment), name)));
}

/** Returns the missing ones of `manifestFolders`. */
export function findMissingManifests(directory: string): readonly string[] {
  return Object.values(manifestFolders)
    .flat()
    .filter((name) => !existsSync(join(directory, 'knative-config', name)));
}

export function clusterDirectory(environment: Environment): string {
  const { coredns, knative, helm } = clusterVersions;
  const name = `cluster-kubernetes-${versions.kubernetes}-coredns-${coredns}-knative-${knative}-helm-${helm}`;
  return cacheDirectory(environment, name);
}
