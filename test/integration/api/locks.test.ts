import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { lockSchema } from '../../../api/locks/lockSchemas.ts';
import { startApiServer } from '../../../apiserver/startApiServer.ts';
import { aKubeconfig } from '../../support/programs/aKubeconfig.ts';
import { type Answer, type Api, anApi } from '../../support/programs/anApi.ts';
import { expectGracefulStop } from '../../support/programs/startProgram.ts';

const LOCK = '/v1/namespaces/default/locks/reports';
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/default/leases/zenlock-reports';
const grantSchema = z.strictObject({ token: z.int(), grantId: z.string(), validForMs: z.int() });

const acquire = (api: Api, requestId: string, rest: object = {}) =>
  api.post(`${LOCK}/acquire`, { requestId, holder: `of-${requestId}`, ...rest });

function toGrant({ status, body }: Answer): z.infer<typeof grantSchema> {
  expect({ status, body }).toMatchObject({ status: 200 });
  return grantSchema.parse(body);
}

async function queueOf(api: Api): Promise<readonly string[]> {
  return lockSchema.strict().parse((await api.ask(LOCK)).body).queue;
}

/** Asks again with the same request while no replica answers, as the clients do that we ship. */
async function insist(apis: readonly Api[], requestId: string): Promise<z.infer<typeof grantSchema>> {
  for (let attempt = 0; ; attempt += 1) {
    const api = apis[attempt % apis.length];
    try {
      const answer = api && (await acquire(api, requestId, { waitSeconds: 600, ttlSeconds: 3_600 }));
      if (answer?.status === 200) return grantSchema.parse(answer.body);
      if (answer !== undefined && answer.status < 500) throw new Error(JSON.stringify(answer.body));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
}

describe('zen-lead api, locks', () => {
  it('grants, renews, refuses, hands over and watches', async () => {
    const { kubeconfig, request } = await aKubeconfig();
    const api = await anApi(kubeconfig, '--api-auth', 'none');
    expect((await api.ask(LOCK)).status).toBe(404);
    const first = toGrant(await acquire(api, 'first', { ttlSeconds: 60 }));
    expect(first).toMatchObject({ grantId: 'first' });
    expect(first.validForMs).toBeGreaterThan(55_000);
    expect(await request('GET', LEASE)).toMatchObject({
      metadata: { labels: { 'zen-lead.io/lock': 'true' } },
      spec: { holderIdentity: 'of-first', leaseDurationSeconds: 60 },
    });
    expect(toGrant(await acquire(api, 'first'))).toMatchObject({ token: first.token, grantId: 'first' });
    const held = await acquire(api, 'second');
    expect(held).toMatchObject({ status: 409, body: { code: 'HELD', holder: 'of-first', position: 1 } });

    const stream = await api.follow(`${LOCK}/watch`);
    expect((await stream.next()).data).toMatchObject({ held: true, holder: 'of-first', queue: [] });
    const waiting = acquire(api, 'second', { waitSeconds: 600 });
    expect((await stream.next()).data).toMatchObject({ holder: 'of-first', queue: ['of-second'] });
    const { grantId, token } = first;
    expect((await api.post(`${LOCK}/renew`, { grantId, token })).status).toBe(200);
    for (const wrong of [
      { grantId, token: token + 1 },
      { grantId: 'second', token },
    ])
      for (const verb of ['renew', 'release'])
        expect(await api.post(`${LOCK}/${verb}`, wrong)).toMatchObject({ status: 412, body: { code: 'LOST' } });
    expect((await api.post(`${LOCK}/release`, { grantId, token })).status).toBe(204);
    const second = toGrant(await waiting);
    expect(second.token).toBe(token + 1);
    let data: unknown;
    do ({ data } = await stream.next());
    while (lockSchema.parse(data).holder !== 'of-second');
    expect(data).toMatchObject({ token: token + 1, queue: [] });
    expect((await api.post(`${LOCK}/release`, { grantId, token })).status).toBe(412);

    const metrics = String((await api.ask('/metrics')).body);
    expect(metrics).toContain('zen_lead_lock_grants_total 2');
    expect(metrics).toContain('zen_lead_locks_held 1');
    expect(metrics).toContain('zen_lead_lock_wait_seconds_count 1');
    await expectGracefulStop(api.program);
  });

  it('64 clients wait on two replicas, one is killed, and each gets the lock once, in turn', async () => {
    const { kubeconfig } = await aKubeconfig();
    const apis = await Promise.all([anApi(kubeconfig, '--api-auth', 'none'), anApi(kubeconfig, '--api-auth', 'none')]);
    const [a, b] = apis;
    const first = toGrant(await acquire(a, 'first', { ttlSeconds: 3_600 }));
    const served: number[] = [];
    let holders = 0;
    const work = async (index: number): Promise<void> => {
      const { grantId, token } = await insist(index % 2 === 0 ? [a, b] : [b, a], `w${index}`);
      holders += 1;
      expect(holders, 'one holds the lock at once').toBe(1);
      served.push(token);
      holders -= 1;
      expect((await b.post(`${LOCK}/release`, { grantId, token })).status).toBe(204);
    };
    const all = Promise.all(Array.from({ length: 64 }, (_, index) => work(index)));
    await expect.poll(async () => (await queueOf(b)).length, { message: 'all 64 wait' }).toBe(64);
    a.program.process.kill('SIGKILL');
    await a.program.exited;
    await b.post(`${LOCK}/release`, { grantId: first.grantId, token: first.token });
    await all;
    expect(served).toEqual(Array.from({ length: 64 }, (_, index) => first.token + 1 + index));
  });

  it('a Lease that is deleted by hand goes to who waits, with a greater token', async () => {
    const { kubeconfig, request } = await aKubeconfig();
    const api = await anApi(kubeconfig, '--api-auth', 'none');
    const first = toGrant(await acquire(api, 'first', { ttlSeconds: 3_600 }));
    const waiting = acquire(api, 'second', { waitSeconds: 600 });
    await expect.poll(() => queueOf(api), { message: 'the second waits' }).toEqual(['of-second']);
    await request('DELETE', LEASE);
    expect(toGrant(await waiting).token).toBeGreaterThan(first.token);
    const { grantId, token } = first;
    expect((await api.post(`${LOCK}/renew`, { grantId, token })).status).toBe(412);
  });

  it('who waits goes on waiting while the API server restarts, and who does not is told to ask again', async () => {
    const { kubeconfig, server } = await aKubeconfig();
    const api = await anApi(kubeconfig, '--api-auth', 'none');
    await expect.poll(async () => (await api.ask('/readyz')).status).toBe(200);
    await server.close();
    const waiting = acquire(api, 'patient', { waitSeconds: 600 });
    const refused = await acquire(api, 'at-once');
    expect(refused).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
    const again = await startApiServer({ port: server.port });
    try {
      toGrant(await waiting);
    } finally {
      await again.close();
    }
  });
});
