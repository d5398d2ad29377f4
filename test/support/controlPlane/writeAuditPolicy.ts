/**
 * Writes the audit policy: every write, with its body.
 *
 * Source: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Returns the path. */
export function writeAuditPolicy(directory: string): string {
  const path = join(directory, 'audit-policy.yaml');
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived', 'ResponseStarted'],
    rules: [{ level: 'None', verbs: ['get', 'list', 'watch'] }, { level: 'Request' }],
  };
  writeFileSync(path, JSON.stringify(policy)); // JSON is YAML
  return path;
}
