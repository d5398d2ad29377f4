/**
 * Writes the kubeconfig that points kubectl and zen-lead at an embedded API server. It holds no
 * credentials.
 *
 * Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes with mode 0600, because kubectl warns of anything wider. */
export async function writeKubeconfig(path: string, url: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, kubeconfigFor(url), { mode: 0o600 });
}

function kubeconfigFor(server: string): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: zen-lead
  cluster:
    server: ${server}
contexts:
- name: zen-lead
  context:
    cluster: zen-lead
    namespace: default
    user: zen-lead
users:
- name: zen-lead
  user: {}
current-context: zen-lead
`;
}
