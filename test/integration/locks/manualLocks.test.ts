import { describe, expect, it } from 'vitest';
import { aManualLock, claimsPath, crdsPath, manualLockCrd } from '../../support/objects/manualLockCrd.ts';
import { aKubeconfig } from '../../support/programs/aKubeconfig.ts';
import { anApi } from '../../support/programs/anApi.ts';
import { expectGracefulStop } from '../../support/programs/startProgram.ts';

const CLAIMS = claimsPath('default');
const LOCK = '/v1/namespaces/default/locks/reports';

interface Status {
  readonly phase?: string;
  readonly fencingToken?: number;
  readonly position?: number;
}

async function aCluster() {
  const { kubeconfig, request } = await aKubeconfig();
  await request('POST', crdsPath, manualLockCrd());
  const api = await anApi(kubeconfig, '--api-auth', 'none', '--manual-locks');
  const statusOf = async (name: string): Promise<Status> =>
    ((await request('GET', `${CLAIMS}/${name}`)) as { status?: Status }).status ?? {};
  const claim = (name: string, spec: object = {}) => request('POST', CLAIMS, aManualLock(name, spec));
  return { api, request, statusOf, claim };
}

describe('ManualLock', () => {
  it('is granted in turn, gives the lock back when it is deleted, and shares the queue with clients of the api', async () => {
    const { api, request, statusOf, claim } = await aCluster();
    await claim('first');
    await expect.poll(() => statusOf('first')).toMatchObject({ phase: 'Held' });
    const { fencingToken = 0 } = await statusOf('first');
    await claim('second');
    await expect.poll(() => statusOf('second')).toMatchObject({ phase: 'Pending', position: 1 });
    const ofApi = api.post(`${LOCK}/acquire`, { requestId: 'r-1', holder: 'client', waitSeconds: 600 });
    await expect
      .poll(async () => (await api.ask(LOCK)).body, { message: 'the client waits behind the claim' })
      .toMatchObject({ holder: 'first', token: fencingToken, queue: ['second', 'client'] });

    await request('DELETE', `${CLAIMS}/first`);
    await expect.poll(() => statusOf('second')).toMatchObject({ phase: 'Held', fencingToken: fencingToken + 1 });
    expect((await statusOf('second')).position).toBeUndefined();
    await request('DELETE', `${CLAIMS}/second`);
    const { body } = await ofApi;
    expect(body).toMatchObject({ token: fencingToken + 2 });
    await claim('third');
    await expect.poll(() => statusOf('third')).toMatchObject({ phase: 'Pending', position: 1 });
    await api.post(`${LOCK}/release`, { grantId: 'r-1', token: fencingToken + 2 });
    await expect.poll(() => statusOf('third')).toMatchObject({ phase: 'Held', fencingToken: fencingToken + 3 });
    expect(String((await api.ask('/metrics')).body)).toContain('zen_lead_lock_grants_total 4');
    await expectGracefulStop(api.program);
  });

  it('is kept by zen-lead with Auto, and expires with Manual unless its holder renews it over the api', async () => {
    const { api, request, statusOf, claim } = await aCluster();
    await claim('auto', { lock: 'kept', ttlSeconds: 5 });
    const { metadata } = (await claim('manual', { ttlSeconds: 5, renew: 'Manual' })) as { metadata: { uid: string } };
    await expect.poll(() => statusOf('manual')).toMatchObject({ phase: 'Held' });
    const { fencingToken: token = 0 } = await statusOf('manual');
    const renewal = await api.post(`${LOCK}/renew`, { grantId: `claim-${metadata.uid}`, token });
    expect(renewal.status).toBe(200);
    await expect.poll(() => statusOf('manual')).toMatchObject({ phase: 'Expired', fencingToken: token });
    // As long had the other one its grant.
    expect(await statusOf('auto')).toMatchObject({ phase: 'Held' });
    await claim('next');
    await expect.poll(() => statusOf('next')).toMatchObject({ phase: 'Held', fencingToken: token + 1 });
    expect((await api.ask('/metrics')).body).toMatch(/^zen_lead_lock_expiries_total 1$/m);
    await request('DELETE', `${CLAIMS}/auto`);
  });
});
