import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { aDirectory, aKubeconfig } from '../../support/programs/aKubeconfig.ts';
import { anApi } from '../../support/programs/anApi.ts';
import { startProgram } from '../../support/programs/startProgram.ts';

const LEASE = '/apis/coordination.k8s.io/v1/namespaces/default/leases/zenlock-reports';

/** Says its token, and stays until SIGTERM. */
const stays =
  'process.on("SIGTERM", () => process.exit(3)); console.log("token", process.env.ZEN_LEAD_TOKEN); setInterval(() => {}, 1e6)';

it('zen-lead lock runs one command at a time, with its token, and ends it when the lock is lost', async () => {
  const { kubeconfig, request } = await aKubeconfig();
  const api = await anApi(kubeconfig, '--api-auth', 'none');
  const script = join(aDirectory(), 'stays.mjs');
  writeFileSync(script, stays);
  const take = (...flags: readonly string[]) =>
    startProgram(['lock', 'default/reports', ...flags, '--api-url', api.url, '--', process.execPath, script]);
  const first = take('--holder', 'one');
  const token = Number((await first.waitForLine('token')).split(' ')[1]);
  const refused = take();
  expect(await refused.exited).toBe(1);
  expect(refused.stderr()).toContain('lock default/reports: one holds the lock');

  const second = take('--holder', 'two', '--ttl', '5', '--wait', '600');
  await expect
    .poll(async () => (await api.ask('/v1/namespaces/default/locks/reports')).body, { message: 'two waits' })
    .toMatchObject({ holder: 'one', queue: ['two'] });
  first.process.kill('SIGTERM');
  expect(await first.exited, 'the exit code of the command').toBe(3);
  expect(Number((await second.waitForLine('token')).split(' ')[1])).toBe(token + 1);
  expect(await request('GET', LEASE)).toMatchObject({ spec: { holderIdentity: 'two' } });

  await request('PATCH', LEASE, { metadata: { annotations: { 'zen-lead.io/grant-id': 'somebody-else' } } });
  expect(await second.exited).toBe(1);
  // Where the machine stood still for seconds, the command has noticed that by its own clock.
  expect(second.stderr()).toMatch(/this grant does not hold the lock|the time of reports is over/);
});

it('zen-lead lock takes a lock that is named alone in the namespace that it was given, else in default', async () => {
  const { kubeconfig, request } = await aKubeconfig();
  await request('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
  const api = await anApi(kubeconfig, '--api-auth', 'none');
  const say = ['--', process.execPath, '-p', 'process.env.ZEN_LEAD_LOCK'];
  const take = (...words: readonly string[]) => startProgram(['lock', ...words, '--api-url', api.url, ...say]);
  const [alone, named] = [take('reports'), take('reports', '--namespace', 'shop')];
  expect(await alone.waitForLine('default/reports')).toBe('default/reports');
  expect(await named.waitForLine('shop/reports')).toBe('shop/reports');
  const wrong = take('a/b/c');
  expect(await wrong.exited).toBe(2);
  expect(wrong.stderr()).toContain('"a/b/c" does not name a lock; write NAME or NAMESPACE/NAME');
});
