/**
 * Writes the kubeconfig of a service account, with a token that the API server issues. Returns its
 * path.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Namespace } from './createNamespace.ts';
import type { ControlPlane } from './startControlPlane.ts';

const tokenRequest = z.object({ status: z.object({ token: z.string() }) });

export async function writeAccountKubeconfig(
  { directory, url, caFile }: Pick<ControlPlane, 'directory' | 'url' | 'caFile'>,
  namespace: Namespace,
  account: string,
): Promise<string> {
  const answer = await namespace.request('POST', `${namespace.core('serviceaccounts')}/${account}/token`, { spec: {} });
  const { token } = tokenRequest.parse(answer).status;
  const path = join(directory, `kubeconfig-${namespace.name}`);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'e2e', cluster: { server: url, 'certificate-authority': caFile } }],
    users: [{ name: account, user: { token } }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: account, namespace: namespace.name } }],
    'current-context': 'e2e',
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}
