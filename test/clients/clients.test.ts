/**
 * The clients in Go and Python as their users run them: compiled from this tree, over gRPC, against
 * a `zen-lead api` in a process of its own.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aCertificate } from '../support/programs/aCertificate.ts';
import { aDirectory, aKubeconfig } from '../support/programs/aKubeconfig.ts';
import { anApi } from '../support/programs/anApi.ts';
import { type ExampleClient, prepareClients } from './prepareClients.ts';
import { startExample } from './startExample.ts';

const prepared = await prepareClients();
for (const each of prepared) if (typeof each === 'string') console.log(each);
const clients = prepared.filter((each) => typeof each !== 'string');

const LEASE = '/apis/coordination.k8s.io/v1/namespaces/default/leases/zenlock-reports';

async function aLock(...flags: readonly string[]) {
  const { kubeconfig, request } = await aKubeconfig();
  const api = await anApi(kubeconfig, '--api-auth', 'none', ...flags);
  const file = join(aDirectory(), 'counter');
  const start = (client: ExampleClient, times: number, hold = '0') =>
    startExample(client, { address: new URL(api.url).host, lock: 'default/reports', file, times: String(times), hold });
  const read = () => readFileSync(file, 'utf8').trim().split(' ').map(Number);
  return { api, request, file, start, read };
}

describe.each(clients)('the $language client', (client) => {
  it('counts in a file with three processes at once, and loses no count', async () => {
    const { start, read } = await aLock();
    const programs = [1, 2, 3].map(() => start(client, 5));
    for (const program of programs) expect(await program.exited(), program.stderr()).toBe(0);
    const [count, token] = read();
    expect(count).toBe(15);
    const tokens = programs.flatMap((program) => program.tokens());
    expect(new Set(tokens).size, 'each grant has a token of its own').toBe(15);
    expect(token).toBe(Math.max(...tokens));
  });

  it('counts over TLS, and takes no lock of an api whose certificate another authority signed', async () => {
    const { cert, key } = aCertificate();
    const { api, file, read } = await aLock('--tls-cert', cert, '--tls-key', key);
    const options = { address: `localhost:${new URL(api.url).port}`, lock: 'default/reports', file, times: '2' };
    const doubting = startExample(client, { ...options, ca: aCertificate().cert });
    const trusting = startExample(client, { ...options, ca: cert });
    expect(await trusting.exited(), trusting.stderr()).toBe(0);
    expect(read()[0]).toBe(2);
    expect(doubting.tokens()).toEqual([]);
  });

  it('renews while it works, and stops its work when the lock is taken away', async () => {
    const { start, request } = await aLock();
    // Longer than the time-to-live of 5 s, so that without renewals it would end.
    const program = start(client, 1, client.language === 'Go' ? '600s' : '600');
    await expect.poll(() => program.tokens().length, { message: 'it holds the lock' }).toBe(1);
    const renewTime = async () => ((await request('GET', LEASE)) as { spec: { renewTime: string } }).spec.renewTime;
    const first = await renewTime();
    await expect.poll(renewTime, { message: 'it renews' }).not.toBe(first);
    await request('PATCH', LEASE, { metadata: { annotations: { 'zen-lead.io/grant-id': 'somebody-else' } } });
    expect(await program.exited()).toBe(1);
    expect(program.stderr()).toContain('was lost');
  });
});

it.skipIf(clients.length < 2)('clients in both languages wait for one another', async () => {
  const { start, read } = await aLock();
  const programs = clients.map((client) => start(client, 5));
  for (const program of programs) expect(await program.exited(), program.stderr()).toBe(0);
  expect(read()[0]).toBe(10);
});
