/**
 * Chooses the address to listen on: every address inside a cluster, this machine alone elsewhere.
 */

interface ListenSettings {
  readonly host: string | undefined;
  readonly kubernetesServiceHost: string | undefined;
}

export function chooseListenHost({ host, kubernetesServiceHost }: ListenSettings): string {
  if (host !== undefined) return host;
  if (kubernetesServiceHost === undefined) return '127.0.0.1';
  // The API server's address shows the cluster's primary family. `::` alone would not do: a node
  // can have IPv6 switched off.
  return kubernetesServiceHost.includes(':') ? '::' : '0.0.0.0';
}
