/**
 * Tests the rules of deploy/audit/policy.yaml on a real API server that writes its audit log by
 * them.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aService } from '../support/objects/aService.ts';
import { startZenLead, type ZenLead } from '../support/programs/spawnZenLead.ts';

const deploy = resolve(import.meta.dirname, '../../deploy');
const controlPlane = useControlPlane({ audit: join(deploy, 'audit/policy.yaml') });
const account = 'system:serviceaccount:zen-lead:zen-lead';
let zenLead: ZenLead | undefined;
let namespace: Namespace;

beforeAll(async () => {
  const { kubectl, directory, kubeconfig } = controlPlane();
  await kubectl('apply', '-k', join(deploy, 'kubernetes/one'));
  namespace = await createNamespace(controlPlane(), 'audited');
  await kubectl('apply', '-n', 'audited', '-k', join(deploy, 'rights'));
  const token = (await kubectl('-n', 'zen-lead', 'create', 'token', 'zen-lead')).trim();
  const path = join(directory, 'zen-lead.kubeconfig');
  const config = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...config, users: [{ name: 'admin', user: { token } }] }), { mode: 0o600 });
  const flags = ['--namespace', 'audited', '--lease-namespace', 'zen-lead', '--lease-name', 'zen-lead-bridge'];
  zenLead = await startZenLead({ kubeconfig: path, directory }, 'zen-lead', ...flags);
});
afterAll(() => zenLead?.process.stop('SIGKILL'));

test('records each change of a route with its body, and nothing that zen-lead reads', async () => {
  const first = await startPod(namespace, { name: 'web-0' });
  await startPod(namespace, { name: 'web-1' });
  await namespace.apply(aService());
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  await first.setReady(false);
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
  // The log is written before the answer (mode blocking), so it is complete here.
  const lines = readLog().filter(({ user }) => user.username === account);
  const patches = lines.filter(({ verb, objectRef }) => verb === 'patch' && objectRef?.resource === 'endpointslices');
  expect(JSON.stringify(patches.map(({ requestObject }) => requestObject))).toContain('web-1');
  expect(lines.filter(({ verb }) => ['get', 'list', 'watch'].includes(verb))).toEqual([]);
  const resources = new Set(lines.map(({ objectRef }) => objectRef?.resource));
  // The first replica makes the Lease; its renewals are left out.
  expect([...resources].sort()).toEqual(['endpointslices', 'leases', 'services']);
});

test('records who gave zen-lead its rights, and who took its token', () => {
  const lines = readLog();
  const changes = lines.filter(({ objectRef }) => objectRef?.apiGroup === 'rbac.authorization.k8s.io');
  const names = changes.map(({ objectRef }) => `${objectRef?.namespace}/${objectRef?.resource}/${objectRef?.name}`);
  expect(names).toContain('audited/roles/zen-lead-writes');
  for (const { user, level } of changes.filter(({ objectRef }) => objectRef?.name === 'zen-lead-writes')) {
    expect(user.username).not.toBe(account);
    expect(level).toBe('RequestResponse');
  }
  const tokens = lines.filter(({ objectRef }) => objectRef?.subresource === 'token');
  expect(tokens).toMatchObject([{ objectRef: { name: 'zen-lead' }, level: 'Metadata' }]);
  expect(JSON.stringify(tokens)).not.toContain('eyJ');
});

test('records what zen-lead’s identity asks for beyond its work, refused or not', async () => {
  const kubeconfig = join(controlPlane().directory, 'zen-lead.kubeconfig');
  const refusal = await controlPlane()
    .kubectl('--kubeconfig', kubeconfig, '-n', 'audited', 'get', 'secrets')
    .catch(String);
  expect(refusal).toContain('secrets is forbidden');
  const [asked] = readLog().filter(({ objectRef }) => objectRef?.resource === 'secrets');
  expect(asked).toMatchObject({ user: { username: account }, responseStatus: { code: 403 } });
});

const auditLine = z.object({
  level: z.string(),
  verb: z.string(),
  user: z.object({ username: z.string() }),
  objectRef: z
    .object({
      apiGroup: z.string(),
      resource: z.string(),
      subresource: z.string(),
      namespace: z.string(),
      name: z.string(),
    })
    .partial()
    .optional(),
  requestObject: z.unknown().optional(),
  responseStatus: z.object({ code: z.number() }).partial().optional(),
});

function readLog(): readonly z.infer<typeof auditLine>[] {
  return readFileSync(join(controlPlane().directory, 'audit.log'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => auditLine.parse(JSON.parse(line)));
}
