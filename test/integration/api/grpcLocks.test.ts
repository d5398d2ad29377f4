import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { absentLock, MAX_QUEUE } from '../../../lib/lock/lockState.ts';
import { toLeaseObject } from '../../../lib/lock/toLeaseObject.ts';
import { toLeasePatch } from '../../../lib/lock/toLeasePatch.ts';
import { aGrpcClient } from '../../support/programs/aGrpcClient.ts';
import { aKubeconfig } from '../../support/programs/aKubeconfig.ts';
import { anApi } from '../../support/programs/anApi.ts';
import { expectGracefulStop } from '../../support/programs/startProgram.ts';

const lock = { namespace: 'default', name: 'reports' };

const aClient = (url: string) => aGrpcClient(url, 'zenlead.v1.LockService', 'zenlead/v1/lock.proto');

describe('zen-lead api, locks over gRPC', () => {
  it('gives the place, then the grant, renews, refuses and hands over beside REST on the same port', async () => {
    const { kubeconfig } = await aKubeconfig();
    const api = await anApi(kubeconfig, '--api-auth', 'none');
    const client = aClient(api.url);
    await expect(client.call('getLock', lock)).rejects.toMatchObject({ code: status.NOT_FOUND });

    const first = await client
      .stream('acquire', { ...lock, requestId: 'one', holder: 'of-one', ttlSeconds: 60 })
      .next();
    expect(first).toMatchObject({ event: 'grant', grant: { grantId: 'one' } });
    const { token, validForMs } = first['grant'] as { token: number; validForMs: number };
    expect(validForMs).toBeGreaterThan(55_000);
    const rest = await api.ask('/v1/namespaces/default/locks/reports');
    expect(rest.body).toMatchObject({ holder: 'of-one', token });

    const held = client.stream('acquire', { ...lock, requestId: 'two', holder: 'of-two' }).next();
    const refusal = await held.catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: status.ABORTED, details: 'of-one holds the lock' });
    expect((refusal as { metadata: { get(key: string): unknown[] } }).metadata.get('zen-lead-code')).toEqual(['HELD']);

    const watcher = client.stream('watchLock', lock);
    expect(await watcher.next()).toMatchObject({ lock: { held: true, holder: 'of-one', queue: [] } });
    const second = client.stream('acquire', { ...lock, requestId: 'two', holder: 'of-two', waitSeconds: 600 });
    expect(await second.next()).toMatchObject({ event: 'waiting', waiting: { holder: 'of-one', position: 1 } });
    const third = client.stream('acquire', { ...lock, requestId: 'three', holder: 'of-three', waitSeconds: 600 });
    expect(await third.next()).toMatchObject({ waiting: { position: 2 } });

    const wrong = { ...lock, grantId: 'one', token: token + 1 };
    for (const method of ['renew', 'release'])
      await expect(client.call(method, wrong)).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
    const { validForMs: renewedForMs } = await client.call('renew', { ...lock, grantId: 'one', token });
    expect(renewedForMs).toBeGreaterThan(55_000);
    await client.call('release', { ...lock, grantId: 'one', token });
    expect(await second.next()).toMatchObject({ event: 'grant', grant: { grantId: 'two', token: token + 1 } });
    expect(await third.next()).toMatchObject({ waiting: { holder: 'of-two', position: 1 } });

    // A client that goes away leaves the queue.
    third.cancel();
    await expect
      .poll(async () => (await client.call('getLock', lock))['lock'], { message: 'the third leaves the queue' })
      .toMatchObject({ holder: 'of-two', queue: [] });
    let seen = await watcher.next();
    while ((seen['lock'] as { token: number }).token === token) seen = await watcher.next();
    expect(seen).toMatchObject({ lock: { holder: 'of-two', token: token + 1 } });
    await expectGracefulStop(api.program);
  });

  it('refuses what REST refuses', async () => {
    const { kubeconfig, request } = await aKubeconfig();
    await request('POST', '/apis/coordination.k8s.io/v1/namespaces/default/leases', aWantedLock('wanted'));
    const api = await anApi(kubeconfig, '--api-auth', 'none');
    const late = { requestId: 'late', holder: 'late', waitSeconds: 60 };
    expect(await api.post('/v1/namespaces/default/locks/wanted/acquire', late)).toMatchObject({
      status: 429,
      body: { code: 'QUEUE_FULL' },
    });
    const client = aClient(api.url);
    for (const [asked, code] of [
      [{ ...lock, name: 'wanted', ...late }, status.RESOURCE_EXHAUSTED],
      [{ ...lock, name: 'Reports', requestId: 'a', holder: 'b' }, status.INVALID_ARGUMENT],
      [{ ...lock, requestId: 'a', holder: 'b', ttlSeconds: 1 }, status.INVALID_ARGUMENT],
      [{ ...lock, requestId: 'a' }, status.INVALID_ARGUMENT],
      [{ ...lock, requestId: 'a', holder: 'x'.repeat(17 * 1024) }, status.RESOURCE_EXHAUSTED],
    ] as const)
      await expect(client.stream('acquire', asked).next(), JSON.stringify(asked).slice(0, 80)).rejects.toMatchObject({
        code,
      });
  });
});

/** The Lease of a lock that is held, and for which as many wait as may. */
function aWantedLock(lockName: string): object {
  const now = Date.now();
  const expiresAt = now + 600_000;
  const asked = { ttlMs: 60_000, lockDelayMs: 0 };
  const queue = Array.from({ length: MAX_QUEUE }, (_, index) => ({
    ...{ id: `r-${index}`, holder: 'waits', expiresAt, ...asked },
  }));
  const grant = { id: 'one', holder: 'of-one', token: 7, acquiredAt: now, renewedAt: now, ...asked };
  const patch = toLeasePatch(absentLock(), { token: 7, grant, queue });
  if (patch === null) throw new Error('a held lock is no change');
  return toLeaseObject('default', lockName, patch);
}
