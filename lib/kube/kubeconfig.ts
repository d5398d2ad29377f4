/**
 * Finds the cluster: an explicit kubeconfig, else the service account of the pod that this runs in,
 * else $KUBECONFIG, else ~/.kube/config.
 *
 * Guarantees: `CONFIG_INVALID` names the file and what is wrong with it. @kubernetes/client-node is
 * loaded only when a kubeconfig is used. In a cluster every cold start would pay its 0.35 s for
 * nothing.
 * Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */

import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ZenLeadError } from '../errors.ts';
import type { ClusterAccess } from './clusterAccess.ts';
import { loadServiceAccountAccess } from './serviceAccount.ts';

interface ClusterSources {
  /** `--kubeconfig`. */
  readonly kubeconfigPath?: string | undefined;
  /** KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT: set by the kubelet in every pod. */
  readonly serviceHost?: string | undefined;
  readonly servicePort?: string | number | undefined;
  /** KUBECONFIG: files in the order of precedence, separated as PATH is. */
  readonly kubeconfigVariable?: string | undefined;
  readonly homeDirectory?: string | undefined;
  /** Where the kubelet mounts the service account; another one in tests. */
  readonly serviceAccountDirectory?: string | undefined;
}

export async function loadClusterAccess(sources: ClusterSources): Promise<ClusterAccess> {
  if (sources.kubeconfigPath) return loadKubeconfigFiles([sources.kubeconfigPath]);
  if (sources.serviceHost) {
    return loadServiceAccountAccess(sources.serviceHost, sources.servicePort ?? 443, sources.serviceAccountDirectory);
  }
  const files = (sources.kubeconfigVariable ?? '').split(delimiter).filter((path) => path !== '');
  if (files.length > 0) return loadKubeconfigFiles(files);
  const path = sources.homeDirectory ? join(sources.homeDirectory, '.kube', 'config') : undefined;
  if (path && (await exists(path))) return loadKubeconfigFiles([path]);
  throw new ZenLeadError(
    'CONFIG_INVALID',
    `no cluster: this runs in no pod, and there is neither --kubeconfig nor KUBECONFIG nor ${path ?? '~/.kube/config'}`,
    { retry: 'never' },
  );
}

async function loadKubeconfigFiles(paths: readonly string[]): Promise<ClusterAccess> {
  const { loadKubeconfigAccess } = await import('./kubeconfigAccess.ts');
  return loadKubeconfigAccess(paths);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
