/**
 * Tests bridge and functions as two programs, as on Knative or as two Deployments. Real
 * service-account tokens are verified with the real API server's keys, and events go over HTTP.
 */

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aService } from '../support/objects/aService.ts';
import { type RunningProcess, startProcess } from '../support/programs/startProcess.ts';

const checkout = resolve(import.meta.dirname, '../..');
const SENDER = 'system:serviceaccount:halves:zen-lead-bridge';
/** npx, Node and three LISTs take about 2 s; the rest is for a busy machine. */
const startTimeout = { timeout: 30_000, interval: 50 };
const tokenAnswer = z.object({ status: z.object({ token: z.string() }) });

const controlPlane = useControlPlane({ controllerManager: false });
const processes: RunningProcess[] = [];
let namespace: Namespace;
let functionsUrl: string;

beforeAll(async () => {
  namespace = await createNamespace(controlPlane(), 'halves');
  await namespace.request('POST', namespace.core('serviceaccounts'), { metadata: { name: 'zen-lead-bridge' } });
  functionsUrl = await start('functions', '--trusted-sender', SENDER);
  await waitUntilReady(functionsUrl);
});
afterAll(async () => {
  await Promise.all(processes.map((each) => each.stop('SIGKILL')));
});

/** Resolves to the address that its log names. */
async function start(command: string, ...args: readonly string[]): Promise<string> {
  const { kubeconfig, directory } = controlPlane();
  const running = startProcess({
    name: command,
    command: 'npx',
    args: ['zen-lead', command, '--kubeconfig', kubeconfig, '--port', '0', ...args],
    directory,
    workingDirectory: checkout,
  });
  processes.push(running);
  return vi.waitFor(() => {
    const url = [...running.log().matchAll(/"url":"(http:\/\/127\.0\.0\.1:\d+)/g)].at(-1)?.[1];
    if (url === undefined) throw new Error(`${command} has logged no address yet:\n${running.log()}`);
    return url;
  }, startTimeout);
}

async function waitUntilReady(url: string): Promise<void> {
  await vi.waitFor(
    async () => expect((await fetch(`${url}/readyz`)).status, `waited for ${url} to be ready`).toBe(200),
    startTimeout,
  );
}

async function createToken(audience: string): Promise<string> {
  const path = `${namespace.core('serviceaccounts')}/zen-lead-bridge/token`;
  const { status } = tokenAnswer.parse(await namespace.request('POST', path, { spec: { audiences: [audience] } }));
  return status.token;
}

const readMetric = async (url: string, name: string): Promise<number> => {
  const page = await (await fetch(`${url}/metrics`)).text();
  const values = [...page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].map(([, value]) =>
    Number(value),
  );
  return values.reduce((sum, value) => sum + value, 0);
};

it('the halves fail over on snapshots that a real token vouches for', async () => {
  const tokenFile = join(controlPlane().directory, 'bridge-token');
  writeFileSync(tokenFile, await createToken('zen-lead'));
  const bridgeUrl = await start('bridge', '--sink', functionsUrl, '--token-file', tokenFile);
  await waitUntilReady(bridgeUrl);
  // Until it holds the Lease it hedges, and a hedge is a hint.
  await vi.waitFor(
    () => expect(processes.at(-1)?.log(), 'waited for the bridge to hold the Lease').toContain('"holder":true'),
    startTimeout,
  );

  const pods = [await startPod(namespace, { name: 'web-0' }), await startPod(namespace, { name: 'web-1' })] as const;
  await namespace.apply(aService({ annotations: { enabled: 'true' } }));
  await expect.poll(() => readLeader(namespace), { timeout: 10_000 }).toBe('web-0');
  for (const [leader, other] of [pods, pods.toReversed(), pods] as const) {
    // The first reconcile reads, and the watches are behind its LIST for a moment, most of all
    // until the leader is announced.
    await expect
      .poll(async () => (await readService(namespace, 'web-leader'))?.metadata.annotations, { timeout: 10_000 })
      .toHaveProperty(['zen-lead.io/leader-pod-name'], leader?.name);
    await leader?.setReady(false);
    await expect.poll(() => readLeader(namespace), { timeout: 10_000 }).toBe(other?.name);
    await leader?.setReady(true);
  }
  await expect.poll(() => readMetric(functionsUrl, 'zen_lead_failover_count_total')).toBe(3);
  expect(processes[0]?.log()).toMatch(/"reason":"LeaderNotReady".*"basis":"event"/);
});

it.each([
  ['for another audience', 401, () => createToken('elsewhere')],
  ['of another account', 403, () => otherToken()],
  ['that is missing', 401, () => null],
])('the functions refuse a real token %s with %i', async (_name, status, makeToken) => {
  const token = await makeToken();
  const response = await fetch(functionsUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/cloudevents+json',
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    body: '{}',
  });
  expect(response.status).toBe(status);
});

async function otherToken(): Promise<string> {
  await namespace.request('POST', namespace.core('serviceaccounts'), { metadata: { name: 'other' } });
  const path = `${namespace.core('serviceaccounts')}/other/token`;
  return tokenAnswer.parse(await namespace.request('POST', path, { spec: { audiences: ['zen-lead'] } })).status.token;
}
