/**
 * Tests verdicts from outside on a real API server: real tokens of service accounts, the rights of
 * deploy/rights and deploy/components/verdicts, and RBAC's own answer to a SubjectAccessReview.
 * docs/how-to/verdicts.md
 */

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { listSlices } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { writeAccountKubeconfig } from '../support/controlPlane/writeAccountKubeconfig.ts';
import { aService } from '../support/objects/aService.ts';
import { startCommand } from '../support/programs/startCommand.ts';
import { type RunningProcess, startProcess } from '../support/programs/startProcess.ts';

const checkout = resolve(import.meta.dirname, '../..');
const settled = { timeout: 15_000 };
const tokenAnswer = z.object({ status: z.object({ token: z.string() }) });
const verdictsSchema = z.array(z.object({ fit: z.boolean(), by: z.string(), reason: z.string() }));

const controlPlane = useControlPlane({ controllerManager: false });
const processes: RunningProcess[] = [];
let system: Namespace;
let monitoring: Namespace;
let functionsUrl: string;
let stories = 0;
let namespace: Namespace;

beforeAll(async () => {
  system = await createNamespace(controlPlane(), 'zen-lead');
  monitoring = await createNamespace(controlPlane(), 'monitoring');
  for (const name of ['zen-lead-functions', 'zen-lead-bridge']) await createAccount(system, name);
  for (const name of ['alertmanager', 'lag-monitor', 'other-monitor', 'stranger'])
    await createAccount(monitoring, name);
  await controlPlane().kubectl('apply', '-f', join(checkout, 'deploy/components/verdicts/rights.yaml'));
  const kubeconfig = await writeAccountKubeconfig(controlPlane(), system, 'zen-lead-functions');
  const sender = 'system:serviceaccount:zen-lead:zen-lead-bridge';
  functionsUrl = await start('functions', kubeconfig, '--trusted-sender', sender, '--accept-verdicts');
  const tokenFile = join(controlPlane().directory, 'bridge-token');
  writeFileSync(tokenFile, await createToken(system, 'zen-lead-bridge'));
  await start('bridge', controlPlane().kubeconfig, '--sink', functionsUrl, '--token-file', tokenFile);
}, 120_000);
afterAll(async () => {
  await Promise.all(processes.map((each) => each.stop('SIGKILL')));
});

/** Two Ready pods, of which web-0 leads. The lag monitor may report this Service, by its name. */
beforeEach(async () => {
  stories += 1;
  namespace = await createNamespace(controlPlane(), `verdicts-${stories}`);
  await controlPlane().kubectl('apply', '--namespace', namespace.name, '--kustomize', join(checkout, 'deploy/rights'));
  await allow('lag-monitor', ['web']);
  await allow('other-monitor', ['another']);
  await allow('alertmanager', undefined);
  await startPod(namespace, { name: 'web-0' });
  await startPod(namespace, { name: 'web-1' });
});

async function startLeader(annotations: Readonly<Record<string, string>> = {}): Promise<void> {
  await namespace.apply(aService({ annotations }));
  await expect.poll(() => readLeader(namespace), settled).toBe('web-0');
}

async function createAccount(home: Namespace, name: string): Promise<void> {
  await home.request('POST', home.core('serviceaccounts'), { metadata: { name } });
}

/**
 * Role and RoleBinding of docs/how-to/verdicts.md. Without names: every Service of the namespace.
 */
async function allow(account: string, resourceNames: readonly string[] | undefined): Promise<void> {
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace.name}`;
  const rule = { apiGroups: ['zen-lead.io'], resources: ['verdicts'], verbs: ['report'], resourceNames };
  await namespace.request('POST', `${rbac}/roles`, { metadata: { name: account }, rules: [rule] });
  await namespace.request('POST', `${rbac}/rolebindings`, {
    metadata: { name: account },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: account },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: monitoring.name }],
  });
}

async function createToken(home: Namespace, account: string, audience = 'zen-lead'): Promise<string> {
  const path = `${home.core('serviceaccounts')}/${account}/token`;
  return tokenAnswer.parse(await home.request('POST', path, { spec: { audiences: [audience] } })).status.token;
}

/** Resolves to its address, once it is ready. */
async function start(command: 'bridge' | 'functions', kubeconfig: string, ...args: readonly string[]): Promise<string> {
  const { process, url } = await startCommand({ ...controlPlane(), kubeconfig }, command, command, ...args);
  processes.push(process);
  return url;
}

interface Answer {
  readonly status: number;
  readonly body: { readonly code?: string; readonly data?: { readonly leader: { readonly name: string } | null } };
}

async function report(token: string, data: object): Promise<Answer> {
  const response = await fetch(functionsUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json', authorization: `Bearer ${token}` },
    body: JSON.stringify({
      ...{ specversion: '1.0', id: '1', source: '/lag-monitor', type: 'io.zen-lead.verdict.reported' },
      ...{ subject: `namespaces/${namespace.name}/services/web`, data },
    }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

async function recorded(): Promise<z.infer<typeof verdictsSchema>> {
  const [slice] = await listSlices(namespace, 'web-leader');
  return verdictsSchema.parse(JSON.parse(slice?.metadata.annotations['zen-lead.io/verdicts'] ?? '[]'));
}

it('a caller that RBAC allows to report that Service moves its leader before the answer', async () => {
  await startLeader();
  const token = await createToken(monitoring, 'lag-monitor');
  const answer = await report(token, { pod: 'web-0', fit: false, reason: '90 s behind' });
  // The bridge sees the verdict in the record, too, and may be the first to act on it.
  expect(answer).toMatchObject({ status: 200, body: { data: { leader: { name: 'web-1' } } } });
  expect(await readLeader(namespace)).toBe('web-1');
  const by = 'system:serviceaccount:monitoring:lag-monitor';
  expect(await recorded()).toEqual([{ fit: false, by, reason: '90 s behind' }]);
  // Of two pods that are both reported the one that leads stays.
  expect(await report(token, { pod: 'web-1', fit: false })).toMatchObject({ status: 200 });
  expect(await staysSo(() => readLeader(namespace))).toBe('web-1');
});

it.each([
  ['without a Role', 'stranger'],
  ['with a Role for another Service', 'other-monitor'],
])('a caller %s is refused by RBAC, and moves no leader', async (_, account) => {
  await startLeader();
  const answer = await report(await createToken(monitoring, account), { pod: 'web-0', fit: false });
  expect(answer).toMatchObject({ status: 403, body: { code: 'REPORT_REFUSED' } });
  expect(await staysSo(() => readLeader(namespace))).toBe('web-0');
  expect(await recorded()).toEqual([]);
});

it('a token for another audience reports nothing', async () => {
  await startLeader();
  const token = await createToken(monitoring, 'lag-monitor', 'https://kubernetes.default.svc');
  expect(await report(token, { pod: 'web-0', fit: false })).toMatchObject({ status: 401 });
  expect(await staysSo(() => readLeader(namespace))).toBe('web-0');
});

it('an alert that fires moves the leader, and takes its word back when it is resolved', async () => {
  await startLeader();
  const token = await createToken(monitoring, 'alertmanager');
  const send = (status: 'firing' | 'resolved'): Promise<Response> =>
    fetch(`${functionsUrl}/v1/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({
        ...{ version: '4', status, receiver: 'zen-lead' },
        alerts: [
          {
            status,
            labels: { alertname: 'DiskFull', namespace: namespace.name, service: 'web', pod: 'web-0' },
            annotations: { summary: 'the disk is full' },
          },
        ],
      }),
    });
  expect(await (await send('firing')).json()).toEqual({ reported: 1, refused: [] });
  expect(await readLeader(namespace)).toBe('web-1');
  expect(await (await send('resolved')).json()).toEqual({ reported: 1, refused: [] });
  expect((await recorded()).filter(({ fit }) => !fit)).toEqual([]);
});

it('a verdict ends: a leader that is not sticky goes back, without another event', async () => {
  await startLeader({ sticky: 'false' });
  const token = await createToken(monitoring, 'lag-monitor');
  expect(await report(token, { pod: 'web-0', fit: false, forSeconds: 5 })).toMatchObject({ status: 200 });
  expect(await readLeader(namespace)).toBe('web-1');
  await expect.poll(() => readLeader(namespace), settled).toBe('web-0');
});

it('zen-lead report writes with the rights of who runs it', async () => {
  await startLeader();
  const { kubeconfig, directory } = controlPlane();
  const args = ['report', `${namespace.name}/web`, 'web-0', '--unfit', '--for', '5m', '--reason', 'disk full'];
  const running = startProcess({
    ...{ name: 'report', command: 'npx', directory, workingDirectory: checkout },
    args: ['zen-lead', ...args, '--kubeconfig', kubeconfig],
  });
  processes.push(running);
  await expect.poll(() => readLeader(namespace), { timeout: 30_000 }).toBe('web-1');
  expect(await recorded()).toMatchObject([{ fit: false, reason: 'disk full' }]);
});
