/**
 * Tests what a person types beside a zen-lead at work: status, switchover, pin, explain, and a
 * recording. docs/reference/commands.md.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { aService } from '../support/objects/aService.ts';
import { startProcess } from '../support/programs/startProcess.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();
const checkout = resolve(import.meta.dirname, '../..');
/** A command takes a second, and its own `--timeout` is 30 s. */
const commandTimeoutMs = 60_000;

function type(...args: readonly string[]): { readonly code: number | null; readonly text: string } {
  const all = ['zen-lead', ...args, '--kubeconfig', world.controlPlane().kubeconfig];
  const { status, stdout, stderr } = spawnSync('npx', all, {
    cwd: checkout,
    encoding: 'utf8',
    timeout: commandTimeoutMs,
  });
  return { code: status, text: `${stdout}${stderr}` };
}

test('a switchover moves the lead, leaves no pin behind, and a recording beside it shows it', async () => {
  const namespace = await world.namespace();
  for (const number of [0, 1, 2]) await startPod(namespace, { name: `web-${number}` });
  await namespace.apply(aService());
  await expect.poll(() => readLeader(namespace)).toBe('web-0');

  const { directory, kubeconfig } = world.controlPlane();
  const recording = join(directory, 'beside.jsonl');
  const recorder = startProcess({
    name: 'record',
    command: 'npx',
    args: ['zen-lead', 'record', recording, '--kubeconfig', kubeconfig, '--namespace', namespace.name],
    directory,
    workingDirectory: checkout,
  });
  await expect.poll(() => existsSync(recording) && statSync(recording).size, { timeout: 30_000 }).toBeGreaterThan(0);

  const key = `${namespace.name}/web`;
  expect(type('status', '--namespace', namespace.name)).toMatchObject({
    code: 0,
    text: expect.stringMatching(/web-0 .* ok\n/),
  });
  expect(type('switchover', key)).toMatchObject({
    code: 0,
    text: expect.stringContaining('web-1 leads instead of web-0'),
  });
  expect(await readLeader(namespace)).toBe('web-1');
  expect(JSON.stringify(await readService(namespace, 'web'))).not.toContain('pin-leader');
  expect(type('pin', key, '--to', 'web-9')).toMatchObject({
    code: 1,
    text: expect.stringContaining('selects no pod of that name'),
  });
  expect(type('explain', key).text).toContain('web-0  could lead; next, when the leader goes');
  await recorder.stop();
  expect(recorder.log()).not.toContain('"level"');
  const replayed = spawnSync('npx', ['zen-lead', 'replay', recording, '--service', key], {
    cwd: checkout,
    encoding: 'utf8',
  });
  expect(replayed.stdout).toMatch(/Pinned +web-0 -> web-1/);
  expect(replayed.stdout).toContain('all as recorded');
});
