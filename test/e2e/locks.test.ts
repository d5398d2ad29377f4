/**
 * Tests locks of two replicas of the api role on a real kube-apiserver: a replica that is killed
 * under its waiters, a Lease that is deleted by hand, and 1,000 locks. docs/reference/locks.md
 */

import { expect, test } from 'vitest';
import { z } from 'zod';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { type Answer, type Api, anApi } from '../support/programs/anApi.ts';

const controlPlane = useControlPlane({ controllerManager: false });
const grantSchema = z.object({ token: z.int(), grantId: z.string(), validForMs: z.int() });
type Grant = z.infer<typeof grantSchema>;
const waiters = 64;

async function twoReplicas(): Promise<readonly [Api, Api]> {
  const args = ['--api-auth', 'none'];
  const apis = [
    await anApi(controlPlane().kubeconfig, ...args),
    await anApi(controlPlane().kubeconfig, ...args),
  ] as const;
  for (const api of apis)
    await expect.poll(async () => (await api.ask('/readyz')).status, { message: 'the api is ready' }).toBe(200);
  return apis;
}

const pathOf = (namespace: Namespace, lock: string) => `/v1/namespaces/${namespace.name}/locks/${lock}`;

function acquire(api: Api, at: string, requestId: string, waitSeconds = 0): Promise<Answer> {
  return api.post(`${at}/acquire`, { requestId, holder: requestId, ttlSeconds: 3_600, waitSeconds });
}

/** Asks replica after replica with the same request, as the clients do that we ship. */
async function insist(apis: readonly Api[], at: string, requestId: string): Promise<Grant> {
  for (let attempt = 0; ; attempt += 1) {
    const api = apis[attempt % apis.length];
    // A replica that is killed closes the connection.
    const answer = await (api && acquire(api, at, requestId, 600).catch(() => undefined));
    if (answer?.status === 200) return grantSchema.parse(answer.body);
    if (answer !== undefined && answer.status < 500) throw new Error(JSON.stringify(answer.body));
  }
}

test('kill -9 of a replica under 64 waiting clients: each gets the lock once, one after another', async () => {
  const [a, b] = await twoReplicas();
  const at = pathOf(await createNamespace(controlPlane(), 'killed'), 'reports');
  const first = grantSchema.parse((await acquire(a, at, 'first')).body);
  const tokens: number[] = [];
  let holders = 0;
  const all = Promise.all(
    Array.from({ length: waiters }, async (_, index) => {
      const { grantId, token } = await insist(index % 2 === 0 ? [a, b] : [b, a], at, `w${index}`);
      holders += 1;
      expect(holders, 'one holds the lock at once').toBe(1);
      tokens.push(token);
      holders -= 1;
      expect((await b.post(`${at}/release`, { grantId, token })).status).toBe(204);
    }),
  );
  const queueLength = async () => z.object({ queue: z.array(z.string()) }).parse((await b.ask(at)).body).queue.length;
  await expect.poll(queueLength, { message: 'all wait' }).toBe(waiters);
  a.program.process.kill('SIGKILL');
  await a.program.exited;
  await b.post(`${at}/release`, { grantId: first.grantId, token: first.token });
  await all;
  expect(tokens).toEqual(Array.from({ length: waiters }, (_, index) => first.token + 1 + index));
}, 180_000);

test('a Lease that is deleted by hand goes to who waits, with a greater token', async () => {
  const [a, b] = await twoReplicas();
  const namespace = await createNamespace(controlPlane(), 'deleted');
  const at = pathOf(namespace, 'reports');
  const first = grantSchema.parse((await acquire(a, at, 'first')).body);
  const waiting = acquire(b, at, 'second', 600);
  await expect.poll(async () => (await a.ask(at)).body).toMatchObject({ queue: ['second'] });
  await namespace.kubectl('delete', 'lease', 'zenlock-reports');
  expect(grantSchema.parse((await waiting).body).token).toBeGreaterThan(first.token);
  const { grantId, token } = first;
  expect(await a.post(`${at}/renew`, { grantId, token })).toMatchObject({ status: 412, body: { code: 'LOST' } });
});

test('1,000 locks are held at once, each seen by both replicas, and given back', async () => {
  const apis = await twoReplicas();
  const namespace = await createNamespace(controlPlane(), 'many');
  const names = Array.from({ length: 1_000 }, (_, index) => `lock-${index}`);
  const held = new Map<string, Grant>();
  const inTurn = async (work: (name: string, api: Api) => Promise<void>): Promise<void> => {
    const left = [...names];
    const run = async (): Promise<void> => {
      for (let name = left.pop(); name !== undefined; name = left.pop()) {
        const api = apis[left.length % 2];
        if (api !== undefined) await work(name, api);
      }
    };
    await Promise.all(Array.from({ length: 16 }, run));
  };
  await inTurn(async (name, api) => {
    held.set(name, grantSchema.parse((await acquire(api, pathOf(namespace, name), name)).body));
  });
  for (const api of apis)
    await expect
      .poll(async () => String((await api.ask('/metrics')).body), { message: 'the replica sees all of them' })
      .toMatch(/^zen_lead_locks_held (?:100[0-9]|10[1-9]\d)$/m);
  await inTurn(async (name, api) => {
    const { grantId = '', token } = held.get(name) ?? {};
    expect((await api.post(`${pathOf(namespace, name)}/release`, { grantId, token })).status).toBe(204);
  });
}, 180_000);
