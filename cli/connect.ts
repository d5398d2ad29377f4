/**
 * Turns the cluster settings of a command into a client of the API server. It sends nothing yet:
 * the first request finds out whether the API server is there.
 */

import { createKubeApi } from '../lib/kube/client.ts';
import type { ClusterAccess } from '../lib/kube/clusterAccess.ts';
import type { KubeApi } from '../lib/kube/kubeApi.ts';
import { loadClusterAccess } from '../lib/kube/kubeconfig.ts';
import { traceKubeApi } from '../lib/kube/traceKubeApi.ts';
import { build } from '../lib/telemetry/build.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { noTracing, type Tracing } from '../lib/telemetry/tracing.ts';

export interface ClusterSettings {
  readonly kubeconfig: string | undefined;
  readonly kubeconfigVariable: string | undefined;
  readonly kubernetesServiceHost: string | undefined;
  readonly kubernetesServicePort: string;
  readonly home: string | undefined;
}

/** Rejects with CONFIG_INVALID when there is no cluster, or a kubeconfig that cannot be read. */
export async function connect(
  settings: ClusterSettings,
  metrics: Metrics,
  log: Logger,
  tracing: Tracing = noTracing,
): Promise<KubeApi> {
  return connectTo(await loadAccess(settings), metrics, log, tracing);
}

/** In two steps, for a command that has to know the namespace that the access is made for. */
export function loadAccess(settings: ClusterSettings): Promise<ClusterAccess> {
  return loadClusterAccess({
    kubeconfigPath: settings.kubeconfig,
    serviceHost: settings.kubernetesServiceHost,
    servicePort: settings.kubernetesServicePort,
    kubeconfigVariable: settings.kubeconfigVariable,
    homeDirectory: settings.home,
  });
}

export function connectTo(access: ClusterAccess, metrics: Metrics, log: Logger, tracing: Tracing): KubeApi {
  log.info({ server: access.server, access: access.origin }, 'cluster');
  return traceKubeApi(createKubeApi(access, { metrics, userAgent: `zen-lead/${build.version}` }), tracing);
}
