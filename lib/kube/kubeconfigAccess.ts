/**
 * Gives access through kubeconfig files, with the KubeConfig class of @kubernetes/client-node:
 * contexts, client certificates, exec plugins, tls-server-name.
 *
 * Guarantees: an exec plugin runs again only when its credential has expired or was refused. What
 * cannot be honoured (`proxy-url`) is refused, never ignored.
 * Does not guarantee that the API server is there.
 */

import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { ZenLeadError } from '../errors.ts';
import type { ClusterAccess, Credentials, TlsMaterial } from './clusterAccess.ts';

export async function loadKubeconfigAccess(paths: readonly string[]): Promise<ClusterAccess> {
  let config = readKubeconfig(paths);
  const readCredentials: ClusterAccess['readCredentials'] = async (afresh) => {
    if (afresh) config = readKubeconfig(paths); // also drops what the exec plugin returned
    const options: RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch (cause) {
      throw invalid(paths, `the credentials of context ${config.getCurrentContext()} cannot be read`, cause);
    }
    return toCredentials(options);
  };
  await readCredentials(false);
  const context = config.getContextObject(config.getCurrentContext());
  return {
    server: (config.getCurrentCluster()?.server ?? '').replace(/\/+$/, ''),
    origin: `${paths.join(', ')}, context ${config.getCurrentContext()}`,
    ...(context?.namespace ? { namespace: context.namespace } : {}),
    readCredentials,
  };
}

function readKubeconfig(paths: readonly string[]): KubeConfig {
  const config = new KubeConfig();
  for (const path of paths) {
    try {
      const next = new KubeConfig();
      next.loadFromFile(path);
      config.mergeConfig(next, Boolean(config.currentContext));
    } catch (cause) {
      throw invalid([path], 'is not a kubeconfig', cause);
    }
  }
  const cluster = config.getCurrentCluster();
  if (!config.currentContext) throw invalid(paths, 'current-context is not set');
  if (!config.getContextObject(config.currentContext)) {
    throw invalid(paths, `current-context ${config.currentContext} is not among the contexts`);
  }
  if (!cluster) throw invalid(paths, `the cluster of context ${config.currentContext} is not among the clusters`);
  if (!/^https?:\/\//.test(cluster.server)) {
    throw invalid(paths, `clusters[${cluster.name}].server: expected a URL, got ${JSON.stringify(cluster.server)}`);
  }
  if (cluster.proxyUrl) throw invalid(paths, `clusters[${cluster.name}].proxy-url: proxies are not supported`);
  return withUser(config);
}

/**
 * A context without user (kubectl allows it) still has a CA, but KubeConfig applies it only for a
 * user. KubeConfig also refuses http:// unless TLS verification is off, though http:// has no TLS
 * to verify.
 */
function withUser(config: KubeConfig): KubeConfig {
  const cluster = config.getCurrentCluster();
  const context = config.getContextObject(config.getCurrentContext());
  if (cluster?.server.startsWith('http://')) {
    config.clusters = config.clusters.map((each) => (each === cluster ? { ...each, skipTLSVerify: true } : each));
  }
  if (context && !config.getCurrentUser()) {
    const user = { name: 'zen-lead-anonymous' };
    config.users = [...config.users, user];
    config.contexts = config.contexts.map((each) => (each === context ? { ...each, user: user.name } : each));
  }
  return config;
}

function toCredentials(options: RequestOptions): Credentials {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value !== undefined) headers[name.toLowerCase()] = String(value);
  }
  if (options.auth) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const { ca, cert, key, rejectUnauthorized, servername } = options;
  const tls: { -readonly [Key in keyof TlsMaterial]: TlsMaterial[Key] } = {};
  if (ca) tls.ca = String(ca);
  if (cert) tls.cert = String(cert);
  if (key) tls.key = String(key);
  if (rejectUnauthorized !== undefined) tls.rejectUnauthorized = rejectUnauthorized;
  if (servername) tls.servername = servername;
  return { headers, tls };
}

function invalid(paths: readonly string[], problem: string, cause?: unknown): ZenLeadError {
  const reason = cause instanceof Error ? ` (${cause.message.trim()})` : '';
  return new ZenLeadError('CONFIG_INVALID', `kubeconfig ${paths.join(', ')}: ${problem}${reason}`, {
    retry: 'never',
    cause,
  });
}
