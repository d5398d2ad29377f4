import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { aCluster } from '../../support/programs/aCluster.ts';
import { aDirectory } from '../../support/programs/aKubeconfig.ts';
import { expectGracefulStop, readStatus, readUrl, startProgram } from '../../support/programs/startProgram.ts';

const bundler = fileURLToPath(new URL('../../../deploy/bundle.ts', import.meta.url));

it('the bundle runs every command by itself, outside the checkout', async () => {
  // Under the system's folder for temporary files: no node_modules is above it.
  const file = join(aDirectory(), 'zen-lead.mjs');
  await promisify(execFile)(process.execPath, [bundler, file]);
  // esbuild's keepNames sets the name of each closure when it is made: a fifth of a failover.
  expect(readFileSync(file, 'utf8')).not.toContain('__name(');
  const version = startProgram(['--version'], {}, file);
  expect(await version.exited).toBe(0);
  expect(version.stdout()).toMatch(/^\d+\.\d+\.\d+\n$/);

  const cluster = await aCluster();
  const functions = startProgram(['functions', '--kubeconfig', cluster.kubeconfig, '--port', '0'], {}, file);
  const sink = await readUrl(functions);
  expect(await readStatus(`${sink}/readyz`)).toBe(200);
  await expectGracefulStop(functions);

  const run = startProgram(['run', '--kubeconfig', cluster.kubeconfig, '--port', '0'], {}, file);
  await readUrl(run);
  await cluster.createPod('db-0', '10.0.0.10');
  await cluster.createService();
  await cluster.expectLeader('10.0.0.10');
  await expectGracefulStop(run);

  const demo = startProgram(['demo'], {}, file);
  expect(await demo.exited).toBe(0);
});
