/** The kind of ManualLock as it is deployed, and claims of it. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const file = fileURLToPath(new URL('../../../deploy/locks/crd.yaml', import.meta.url));

export const crdsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export function manualLockCrd(): { readonly metadata: { readonly name: string }; readonly spec: object } {
  return parse(readFileSync(file, 'utf8'));
}

export function claimsPath(namespace: string): string {
  return `/apis/locks.zen-lead.io/v1alpha1/namespaces/${namespace}/manuallocks`;
}

export function aManualLock(name: string, spec: object = {}, metadata: object = {}): object {
  return {
    apiVersion: 'locks.zen-lead.io/v1alpha1',
    kind: 'ManualLock',
    metadata: { name, ...metadata },
    spec: { lock: 'reports', ttlSeconds: 60, ...spec },
  };
}
