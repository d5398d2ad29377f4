/**
 * Reads the access to the cluster that this runs in, with the pod's service account.
 *
 * Guarantees: token and CA are read from disk at every `readCredentials`, because the kubelet
 * replaces the token at 80 % of its life.
 * Source: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
 */

import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { ZenLeadError } from '../errors.ts';
import type { ClusterAccess } from './clusterAccess.ts';

const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export async function loadServiceAccountAccess(
  host: string,
  port: string | number,
  directory: string = MOUNT,
): Promise<ClusterAccess> {
  const namespace = await readOwnNamespace(directory);
  const readCredentials: ClusterAccess['readCredentials'] = async () => {
    // One after the other: when nothing is mounted, the message always names the token.
    const token = await readMounted(directory, 'token');
    const ca = await readMounted(directory, 'ca.crt');
    return { headers: { authorization: `Bearer ${token}` }, tls: { ca } };
  };
  await readCredentials(true);
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    origin: 'service account',
    ...(namespace === undefined ? {} : { namespace }),
    readCredentials,
  };
}

/** Undefined outside of a pod. */
export function readOwnNamespace(directory: string = MOUNT): Promise<string | undefined> {
  return readMounted(directory, 'namespace').catch(() => undefined);
}

async function readMounted(directory: string, name: string): Promise<string> {
  const path = join(directory, name);
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new ZenLeadError('CONFIG_INVALID', `${path}: cannot be read; is automountServiceAccountToken off?`, {
      retry: 'later',
      cause,
    });
  }
  if (text === '') throw new ZenLeadError('CONFIG_INVALID', `${path}: is empty`, { retry: 'later' });
  return text;
}
