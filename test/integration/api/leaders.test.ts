import { describe, expect, it } from 'vitest';
import { leaderPoolSchema } from '../../../api/leaders/leaderPool.ts';
import { aCluster } from '../../support/programs/aCluster.ts';
import { anApi } from '../../support/programs/anApi.ts';
import { expectGracefulStop, readUrl, startProgram } from '../../support/programs/startProgram.ts';

const strict = leaderPoolSchema.strict();
const POOL = '/v1/leader/pool/db.default';

describe('zen-lead api, leaders', () => {
  it('answers who leads, and streams the failover to who has the first epoch', async () => {
    const cluster = await aCluster();
    const inRun = ['--api-port', '0', '--api-auth', 'none'];
    const run = startProgram(['run', '--kubeconfig', cluster.kubeconfig, '--port', '0', '--no-lease', ...inRun]);
    await readUrl(run);
    await cluster.startLed();
    const api = await anApi(cluster.kubeconfig, '--api-auth', 'none');
    await expect.poll(async () => (await api.ask('/readyz')).status, { message: 'the api is ready' }).toBe(200);
    const { status, headers, body } = await api.ask(POOL);
    const pool = strict.parse(body);
    expect({ status, pool }).toMatchObject({
      status: 200,
      pool: {
        pool: 'db',
        namespace: 'default',
        election: '',
        leader: { name: 'db-0', address: '10.0.0.10' },
        members: [
          { name: 'db-0', role: 'leader', fit: true, why: null },
          { name: 'db-1', role: 'follower', fit: true, why: null },
        ],
      },
    });
    expect(headers.get('etag')).toBe(`"${pool.epoch}"`);
    const again = await api.ask('/v1/leader/pool/db?namespace=default', {
      headers: { 'if-none-match': `"${pool.epoch}"` },
    });
    expect(again.status).toBe(304);

    const fromStart = await api.follow(`${POOL}/events`);
    expect(await fromStart.next()).toEqual({ event: 'leader', id: String(pool.epoch), data: body });
    const resumed = await api.follow(`${POOL}/events?resumeEpoch=${pool.epoch}`);
    await cluster.failOver();
    for (const stream of [fromStart, resumed]) {
      let data: unknown;
      do ({ data } = await stream.next());
      while (strict.parse(data).leader?.name !== 'db-1');
      expect(strict.parse(data).epoch).toBeGreaterThan(pool.epoch);
    }
    // What `zen-lead run` serves beside it says the same.
    const [, runUrl = ''] = /"apiUrl":"([^"]+)"/.exec(await run.waitForLine('"apiUrl"')) ?? [];
    const ofRun = await (await fetch(`${runUrl}${POOL}`)).json();
    expect(strict.parse(ofRun).leader?.name).toBe('db-1');
    await expectGracefulStop(api.program);
  });
});
