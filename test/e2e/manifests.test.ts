/**
 * Everything in deploy/ that needs no Knative, as the real API server takes it: strict about fields, defaults and validation included.
 * What needs Knative is taken by Knative's own webhooks in the cluster suite.
 */

import { resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';

const deploy = resolve(import.meta.dirname, '../../deploy');
const controlPlane = useControlPlane();

beforeAll(async () => {
  // A dry run makes no namespace for what comes after it.
  for (const name of ['zen-lead', 'team-a', 'team-b']) await controlPlane().kubectl('create', 'namespace', name);
});

test.each([
  ['-k', 'kubernetes'],
  ['-k', 'kubernetes/one'],
  ['-k', 'guard'],
  ['-f', 'helm/rendered/deployments.yaml'],
  ['-f', 'helm/rendered/one.yaml'],
  ['-f', 'helm/rendered/namespaced.yaml'],
  ['-f', 'helm/rendered/guarded.yaml'],
])('is taken by the API server: kubectl apply %s deploy/%s', async (flag, path) => {
  const args = ['--server-side', '--dry-run=server', '--validate=strict'];
  const answer = await controlPlane().kubectl('apply', flag, resolve(deploy, path), ...args);
  expect(answer).toContain('serverside-applied (server dry run)');
});
