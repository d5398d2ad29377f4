import { describe, expect, it } from 'vitest';
import { anApiApp } from '../../support/objects/anApiApp.ts';
import { aLeaderSlice } from '../../support/objects/aSlice.ts';
import { aPod, aService, uidOf } from '../../support/objects/builders.ts';
import { aGrpcClient } from '../../support/programs/aGrpcClient.ts';

interface Led {
  readonly pod: string | null;
  readonly epoch: number;
  readonly election?: string;
  readonly slot?: number;
}

/** The Service `app` beside postgres, with the same pods, and postgres-2. */
function anApp(annotations: Record<string, string>, ...led: readonly Led[]) {
  const app = anApiApp();
  app.services.add(aService(annotations, { name: 'app' }));
  app.put(aPod({ name: 'postgres-2', ips: ['10.0.0.3'] }));
  const lead = ({ pod, epoch, election, slot }: Led): void => {
    const slice = aLeaderSlice({ source: 'app', pod });
    const serviceName = `app-${election ?? 'leader'}`;
    const name = `${serviceName}${slot === undefined ? '' : `-${slot}`}-ipv4`;
    app.ourSlices.add({
      ...slice,
      name,
      uid: uidOf(name),
      serviceName,
      annotations: { ...slice.annotations, 'zen-lead.io/epoch': String(epoch) },
      ...(election !== undefined && { election }),
      ...(slot !== undefined && { slot }),
    });
    app.pools.note({ namespace: 'shop', name: 'app' });
  };
  for (const each of led) lead(each);
  return { ...app, lead };
}

const elections = () =>
  anApp(
    { elections: 'writer, cron' },
    { pod: 'postgres-0', epoch: 11, election: 'writer' },
    { pod: 'postgres-1', epoch: 22, election: 'cron' },
  );
const pool = () => anApp({ active: '2' }, { pod: 'postgres-0', epoch: 11 }, { pod: 'postgres-1', epoch: 22, slot: 1 });

describe('a Service with several elections', () => {
  it('is one pool for each of them', async () => {
    const { get } = elections();
    const { headers, body } = await get('/v1/leader/pool/app.shop.cron');
    expect(headers['etag']).toBe('"22"');
    expect(JSON.parse(body)).toMatchObject({
      ...{ pool: 'app', namespace: 'shop', election: 'cron', epoch: 22, leader: { name: 'postgres-1' } },
      members: [
        { name: 'postgres-0', role: 'follower', fit: true },
        { name: 'postgres-1', role: 'leader', fit: true },
        { name: 'postgres-2', role: 'follower', fit: true },
      ],
    });
    expect(JSON.parse(body).slots).toBeUndefined();
  });

  it.each([
    ['app.shop', 'shop/app has no election without a name: it has writer, cron'],
    ['app.shop.sweep', 'shop/app has no election sweep: it has writer, cron'],
    ['postgres.shop.cron', 'shop/postgres has no election cron: it has one, without a name'],
  ])('%s is not found, and the answer says what there is', async (name, message) => {
    const { statusCode, body } = await elections().get(`/v1/leader/pool/${name}`);
    expect({ statusCode, body: JSON.parse(body) }).toEqual({ statusCode: 404, body: { code: 'NOT_FOUND', message } });
  });

  it('tells a pod whether it leads the election that it names', async () => {
    const { get } = elections();
    const ask = async (of: string, address: string) =>
      (await get(`/v1/am-i-leader?service=app${of}`, {}, address)).json();
    expect(await ask('&election=cron', '10.0.0.2')).toEqual({
      ...{ leader: true, role: 'leader', epoch: 22, validForMs: 3_000 },
    });
    expect(await ask('&election=writer', '10.0.0.2')).toMatchObject({ role: 'follower', epoch: 11 });
    expect(await ask('', '10.0.0.2')).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('writer, cron'),
    });
    expect(await ask(`&election=${'x'.repeat(254)}`, '10.0.0.2')).toMatchObject({ code: 'INVALID' });
  });

  it('streams an election over gRPC, and nothing of its sibling', async () => {
    const app = elections();
    const client = aGrpcClient(await app.listen(), 'zenlead.v1.LeaderService', 'zenlead/v1/leader.proto');
    const of = { namespace: 'shop', pool: 'app', election: 'cron' };
    expect(await client.call('getLeader', of)).toMatchObject({
      ...{ election: 'cron', leaderPool: { election: 'cron', epoch: 22, leader: { name: 'postgres-1' } } },
    });
    const stream = client.stream('watchLeaders', { pools: [of] });
    expect(await stream.next()).toMatchObject({ ...of, leaderPool: { epoch: 22 } });
    app.lead({ pod: 'postgres-2', epoch: 12, election: 'writer' });
    app.lead({ pod: 'postgres-0', epoch: 23, election: 'cron' });
    expect(await stream.next()).toMatchObject({ ...of, leaderPool: { epoch: 23, leader: { name: 'postgres-0' } } });
    stream.cancel();
  });

  it('is listed election by election, in pages that may end between two', async () => {
    const client = aGrpcClient(await elections().listen(), 'zenlead.v1.LeaderService', 'zenlead/v1/leader.proto');
    const first = await client.call('listLeaders', { pageSize: 1 });
    expect(first).toMatchObject({
      leaderPools: [{ pool: 'app', election: 'writer' }],
      nextPageToken: 'shop/app/writer',
    });
    const rest = await client.call('listLeaders', { pageToken: first['nextPageToken'] });
    expect(rest).toMatchObject({ leaderPools: [{ pool: 'app', election: 'cron' }, { pool: 'postgres' }] });
    expect(rest['nextPageToken']).toBeUndefined();
    const crons = await client.call('listLeaders', { election: 'cron' });
    expect(crons).toMatchObject({ leaderPools: [{ pool: 'app', election: 'cron' }], election: 'cron' });
  });
});

describe('a pool of several slots', () => {
  it('has each slot, and an ETag of all their epochs', async () => {
    const { get, lead } = pool();
    const { headers, body } = await get('/v1/leader/pool/app.shop');
    expect(headers['etag']).toBe('"11.22"');
    expect(JSON.parse(body)).toMatchObject({
      ...{ election: '', epoch: 11, leader: { name: 'postgres-0' } },
      slots: [
        { slot: 0, epoch: 11, leader: { name: 'postgres-0' } },
        { slot: 1, epoch: 22, leader: { name: 'postgres-1' } },
      ],
      members: [
        { name: 'postgres-0', role: 'leader', fit: true, why: null },
        { name: 'postgres-1', role: 'leader', fit: true, why: null },
        { name: 'postgres-2', role: 'follower', fit: true, why: null },
      ],
    });
    const known = { 'if-none-match': '"11.22"' };
    expect((await get('/v1/leader/pool/app.shop', known)).statusCode).toBe(304);
    lead({ pod: 'postgres-2', epoch: 23, slot: 1 });
    expect((await get('/v1/leader/pool/app.shop', known)).json()).toMatchObject({ slots: [{}, { epoch: 23 }] });
  });

  it('tells the pod of each slot that it leads, with the token of its slot', async () => {
    const { get } = pool();
    const ask = async (address: string) => (await get('/v1/am-i-leader?service=app', {}, address)).json();
    expect(await ask('10.0.0.1')).toMatchObject({ leader: true, epoch: 11 });
    expect(await ask('10.0.0.2')).toMatchObject({ leader: true, epoch: 22 });
    expect(await ask('10.0.0.3')).toMatchObject({ leader: false, role: 'follower', epoch: 11 });
  });

  it('has each slot over gRPC, too', async () => {
    const client = aGrpcClient(await pool().listen(), 'zenlead.v1.LeaderService', 'zenlead/v1/leader.proto');
    const { leaderPool } = (await client.call('getLeader', { namespace: 'shop', pool: 'app' })) as {
      leaderPool: { slots: object[] };
    };
    // Proto leaves a zero out.
    expect(leaderPool.slots).toMatchObject([
      { epoch: 11, leader: { name: 'postgres-0' } },
      { slot: 1, epoch: 22, leader: { name: 'postgres-1' } },
    ]);
  });
});
