import { connect } from 'node:http2';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GetLeaderRequestSchema } from '../../../../api/grpc/generated/zenlead/v1/leader_pb.js';
import { subscribe } from '../../../../bench/grpcStreams.ts';
import { anApiApp, aReviewer, user } from '../../../support/objects/anApiApp.ts';
import { aPod, aService } from '../../../support/objects/builders.ts';
import { aGrpcClient } from '../../../support/programs/aGrpcClient.ts';

const pool = { namespace: 'shop', pool: 'postgres' };

async function leadersOf(app: ReturnType<typeof anApiApp>) {
  return aGrpcClient(await app.listen(), 'zenlead.v1.LeaderService', 'zenlead/v1/leader.proto');
}

/** The status of GetLeader, asked in frames of HTTP/2 that no client library would send. */
async function askInPieces(url: string, pieces: readonly Uint8Array[]): Promise<unknown> {
  const session = connect(url);
  onTestFinished(() => void session.destroy());
  const headers = { 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request({ ':method': 'POST', ':path': '/zenlead.v1.LeaderService/GetLeader', ...headers });
  const status = new Promise<unknown>((resolve) => {
    // An error without a message has its status in the only headers.
    stream.on('response', (answer) => answer['grpc-status'] !== undefined && resolve(answer['grpc-status']));
    stream.on('trailers', (trailers) => resolve(trailers['grpc-status']));
  });
  for (const piece of pieces) {
    stream.write(piece);
    await nextTurn();
  }
  stream.end();
  stream.resume();
  return status;
}

describe('zenlead.v1.LeaderService', () => {
  it('says who leads, as REST does', async () => {
    const app = anApiApp();
    app.put(aPod({ name: 'postgres-2', ips: ['10.0.0.3'], ready: false }));
    const client = await leadersOf(app);
    expect(await client.call('getLeader', pool)).toMatchObject({
      leaderPool: {
        pool: 'postgres',
        namespace: 'shop',
        epoch: 7,
        leader: { name: 'postgres-0', address: '10.0.0.1' },
        members: [
          { name: 'postgres-0', role: 'ROLE_LEADER', fit: true },
          { name: 'postgres-1', role: 'ROLE_FOLLOWER', fit: true },
          { name: 'postgres-2', role: 'ROLE_FOLLOWER', why: 'notReady' },
        ],
      },
    });
  });

  it.each([
    ['a pool that is not annotated', { ...pool, pool: 'none' }, status.NOT_FOUND],
    ['an election that a pool does not have', { ...pool, election: 'readers' }, status.NOT_FOUND],
    ['no pool', { namespace: 'shop' }, status.INVALID_ARGUMENT],
    ['a name past the longest', { ...pool, pool: 'x'.repeat(254) }, status.INVALID_ARGUMENT],
  ])('refuses %s', async (_, request, code) => {
    const client = await leadersOf(anApiApp());
    await expect(client.call('getLeader', request)).rejects.toMatchObject({ code });
  });

  it('says why it refuses in the words of REST, whatever stands in the name', async () => {
    const client = await leadersOf(anApiApp());
    await expect(client.call('getLeader', { namespace: 'shop' })).rejects.toMatchObject({
      details: 'name a pool as SERVICE.NAMESPACE[.ELECTION], or as SERVICE with ?namespace=',
    });
    await expect(client.call('getLeader', { ...pool, pool: 'größe 100%\n' })).rejects.toMatchObject({
      details: expect.stringContaining('shop/größe 100%\n is not an annotated Service'),
    });
  });

  it('reads a question that comes in pieces, and refuses one that is cut off, or longer than it says', async () => {
    const url = await anApiApp().listen();
    const message = toBinary(GetLeaderRequestSchema, create(GetLeaderRequestSchema, pool));
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
    expect(await askInPieces(url, [frame.subarray(0, 3), frame.subarray(3)])).toBe('0');
    for (const bad of [frame.subarray(0, 9), Buffer.concat([frame, Buffer.from('x')]), Buffer.alloc(0)])
      expect(await askInPieces(url, [bad]), `${bad.length} bytes`).not.toBe('0');
  });

  it('answers again after the leader has changed, and not what it has encoded before', async () => {
    const app = anApiApp();
    const client = await leadersOf(app);
    expect(await client.call('getLeader', pool)).toMatchObject({ leaderPool: { epoch: 7 } });
    app.lead('postgres-1', '10.0.0.2', 8);
    expect(await client.call('getLeader', pool)).toMatchObject({ leaderPool: { epoch: 8 } });
  });

  it('is UNAVAILABLE while the watch cannot be relied on', async () => {
    const app = anApiApp();
    app.setFresh(false);
    const client = await leadersOf(app);
    for (const [method, request] of [
      ['getLeader', pool],
      ['listLeaders', { namespace: 'shop' }],
    ] as const)
      await expect(client.call(method, request)).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it('lists in pages, sorted', async () => {
    const app = anApiApp();
    for (const name of ['b', 'a']) app.services.add(aService({}, { name }));
    const client = await leadersOf(app);
    const first = await client.call('listLeaders', { namespace: 'shop', pageSize: 2 });
    expect(first).toMatchObject({ leaderPools: [{ pool: 'a' }, { pool: 'b' }], nextPageToken: 'shop/b' });
    const last = await client.call('listLeaders', { namespace: 'shop', pageToken: first['nextPageToken'] });
    expect(last).toMatchObject({ leaderPools: [{ pool: 'postgres' }] });
    expect(last['nextPageToken']).toBeUndefined();
  });

  it('streams the state and each change, and skips the state that the reader knows', async () => {
    const app = anApiApp();
    const client = await leadersOf(app);
    const fresh = client.stream('watchLeaders', { pools: [pool] });
    expect(await fresh.next()).toMatchObject({ ...pool, leaderPool: { epoch: 7, leader: { name: 'postgres-0' } } });
    const resumed = client.stream('watchLeaders', { pools: [{ ...pool, resumeEpoch: 7 }] });
    await expect.poll(() => app.pools.subscribers(), { message: 'both are subscribed' }).toBe(2);
    app.lead('postgres-1', '10.0.0.2', 8);
    for (const stream of [fresh, resumed])
      expect(await stream.next()).toMatchObject({ leaderPool: { epoch: 8, leader: { name: 'postgres-1' } } });
    fresh.cancel();
    resumed.cancel();
    await expect.poll(() => app.pools.subscribers(), { message: 'a reader that goes away is forgotten' }).toBe(0);
  });

  it('forgets a reader whose connection ends without a word', async () => {
    const app = anApiApp();
    const reader = await subscribe(await app.listen(), pool);
    expect(app.pools.subscribers()).toBe(1);
    reader.close();
    await expect.poll(() => app.pools.subscribers(), { timeout: 5_000 }).toBe(0);
  });

  it('gives a reader that is slow the newest state only, and holds one message for it', async () => {
    const app = anApiApp();
    // So that a few states fill what the connection buffers.
    for (let index = 2; index < 52; index += 1) app.put(aPod({ name: `postgres-${index}`, ips: [`10.0.1.${index}`] }));
    const client = await leadersOf(app);
    const stream = client.stream('watchLeaders', { pools: [pool] });
    expect(await stream.next()).toMatchObject({ leaderPool: { epoch: 7 } });
    stream.call.pause();
    for (let epoch = 8; epoch <= 1_000; epoch += 1) {
      app.lead('postgres-1', '10.0.0.2', epoch);
      // A turn of the event loop, so that each is a change of its own.
      await nextTurn();
      await nextTurn();
    }
    stream.call.resume();
    const seen: number[] = [];
    do seen.push((((await stream.next())['leaderPool'] ?? {}) as { epoch: number }).epoch);
    while (seen.at(-1) !== 1_000);
    expect(seen.length).toBeLessThan(500);
    expect(seen).toEqual(seen.toSorted((x, y) => x - y));
  });

  it('says whether the pod of the token leads, at once and after an election', async () => {
    const extra = { 'authentication.kubernetes.io/pod-uid': ['uid-postgres-1'] };
    const of = user({ name: 'system:serviceaccount:shop:web', extra });
    const app = anApiApp({ reviewer: aReviewer(() => false, of) });
    const client = await leadersOf(app);
    const stream = client.stream('amILeader', { service: 'postgres' }, 'good');
    const first = await stream.next();
    expect(first).toMatchObject({ role: 'ROLE_FOLLOWER', epoch: 7, validForMs: 3_000 });
    expect(first['leader']).toBeUndefined();
    app.lead('postgres-1', '10.0.0.2', 8);
    let answer = await stream.next();
    while (answer['epoch'] === 7) answer = await stream.next();
    expect(answer).toMatchObject({ leader: true, role: 'ROLE_LEADER', epoch: 8 });
    app.setFresh(false);
    while (answer['role'] !== 'ROLE_UNKNOWN') answer = await stream.next();
    expect(answer['leader']).toBeUndefined();
  });

  it('refuses am-I-leader without a token where the address is that of no pod', async () => {
    const client = await leadersOf(anApiApp());
    await expect(client.stream('amILeader', { service: 'postgres' }).next()).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
      details: expect.stringContaining('127.0.0.1'),
    });
  });
});

describe('who may ask over gRPC', () => {
  it.each([
    ['no token', undefined, true, status.UNAUTHENTICATED],
    ['a token that does not hold', 'bad', true, status.UNAUTHENTICATED],
    ['a token without the right', 'good', false, status.PERMISSION_DENIED],
  ])('%s is refused', async (_, token, may, code) => {
    const app = anApiApp({ reviewer: aReviewer(() => may) });
    const client = await leadersOf(app);
    await expect(client.call('getLeader', pool, token)).rejects.toMatchObject({ code });
    await expect(client.stream('watchLeaders', { pools: [pool] }, token).next()).rejects.toMatchObject({ code });
  });

  it('asks for the right of each call by its verb', async () => {
    const asked: string[] = [];
    const reviewer = aReviewer(({ verb, resource, namespace, name }) => {
      asked.push(`${verb} ${resource} ${namespace}/${name}`);
      return true;
    });
    const client = await leadersOf(anApiApp({ reviewer }));
    await client.call('getLeader', pool, 'good');
    await client.call('listLeaders', { namespace: 'shop' }, 'good');
    await client.call('listLeaders', {}, 'good');
    await client.stream('watchLeaders', { pools: [pool] }, 'good').next();
    expect(asked).toEqual([
      'get leaders shop/postgres',
      'list leaders shop/',
      'list leaders /',
      'watch leaders shop/postgres',
    ]);
  });
});
