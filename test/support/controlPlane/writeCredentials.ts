/**
 * Writes the credentials of a control plane into its own folder: an administrator's token, the key
 * that signs service-account tokens, a kubeconfig.
 */

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Credentials {
  readonly token: string;
  /** CSV for `--token-auth-file`. */
  readonly tokenFile: string;
  /** PEM; the key that signs and verifies. */
  readonly serviceAccountKeyFile: string;
  /** Returns the path. */
  writeKubeconfig(url: string, caFile: string, name?: string): string;
}

export function writeCredentials(directory: string): Credentials {
  const token = randomBytes(16).toString('hex');
  const tokenFile = join(directory, 'tokens.csv');
  writeFileSync(tokenFile, `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });

  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const serviceAccountKeyFile = join(directory, 'service-account.key');
  writeFileSync(serviceAccountKeyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });

  return {
    token,
    tokenFile,
    serviceAccountKeyFile,
    writeKubeconfig(url, caFile, name = 'kubeconfig') {
      const path = join(directory, name);
      const config = {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [
          {
            name: 'e2e',
            cluster: { server: url, ...(url.startsWith('https') && { 'certificate-authority': caFile }) },
          },
        ],
        users: [{ name: 'admin', user: { token } }],
        contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'admin' } }],
        'current-context': 'e2e',
      };
      writeFileSync(path, JSON.stringify(config, null, 2), { mode: 0o600 }); // JSON is YAML
      return path;
    },
  };
}
