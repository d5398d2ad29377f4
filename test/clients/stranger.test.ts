/**
 * A client in Go that was made from the published proto files alone asks who leads and follows the
 * leader, over TLS, against a `zen-lead api` in a process of its own.
 */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aCertificate } from '../support/programs/aCertificate.ts';
import { aCluster } from '../support/programs/aCluster.ts';
import { anApi } from '../support/programs/anApi.ts';
import { readUrl, startProgram } from '../support/programs/startProgram.ts';
import { prepareStranger } from './prepareStranger.ts';

const built = await prepareStranger();
if ('problem' in built)
  console.log(`clients: the stranger in Go is left out, it cannot be built here: ${built.problem}`);
const program = 'program' in built ? built.program : '';

function startStranger(args: readonly string[]) {
  const child = spawn(program, args);
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { lines: '', stderr: '' };
  child.stdout.on('data', (text) => {
    output.lines += text;
  });
  child.stderr.on('data', (text) => {
    output.stderr += text;
  });
  return { lines: () => output.lines.trim().split('\n'), stderr: () => output.stderr };
}

describe.skipIf(program === '')('a stranger in Go', () => {
  it('asks and subscribes over TLS, and hears of the failover with a greater epoch', async () => {
    const cluster = await aCluster();
    await readUrl(startProgram(['run', '--kubeconfig', cluster.kubeconfig, '--port', '0', '--no-lease']));
    await cluster.startLed();
    const { cert, key } = aCertificate();
    const api = await anApi(cluster.kubeconfig, '--api-auth', 'none', '--tls-cert', cert, '--tls-key', key);
    const address = `localhost:${new URL(api.url).port}`;
    const dispatcher = new Agent({ connect: { ca: readFileSync(cert) } });
    onTestFinished(() => dispatcher.close());
    const readiness = async () => (await request(`https://${address}/readyz`, { dispatcher })).statusCode;
    await expect.poll(readiness, { message: 'the api is ready' }).toBe(200);
    const { lines, stderr } = startStranger([address, cert, 'default', 'db']);
    await expect.poll(() => lines().length, { message: stderr() }).toBe(2);
    const [asked = '', heard = ''] = lines();
    expect(asked).toMatch(/^asked db-0 \d{13}$/);
    expect(heard).toBe(asked.replace('asked', 'heard'));
    await cluster.failOver();
    const epochOf = (line: string) => Number(line.split(' ')[2]);
    await expect.poll(() => lines().at(-1), { message: 'it hears who leads now' }).toMatch(/^heard db-1 /);
    expect(epochOf(lines().at(-1) ?? '')).toBeGreaterThan(epochOf(asked));
  });

  it('is refused by a certificate that another authority signed', async () => {
    const cluster = await aCluster();
    const { cert, key } = aCertificate();
    const api = await anApi(cluster.kubeconfig, '--api-auth', 'none', '--tls-cert', cert, '--tls-key', key);
    const { stderr } = startStranger([`localhost:${new URL(api.url).port}`, aCertificate().cert, 'default', 'db']);
    await expect.poll(stderr, { message: 'it does not ask' }).toContain('certificate signed by unknown authority');
  });
});
