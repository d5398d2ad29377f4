/**
 * examples/flow/migration.yaml on a real kube-apiserver with the real Job controller: a flow takes
 * a ManualLock, moves a lead, and gives the lock back. zen-lead and zen-flow run as processes. What
 * stands in for a kubelet runs the commands of the containers, with the rights of the example.
 */

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseJob } from '../../lib/flow/objects/parseJob.ts';
import { parseJobFlow } from '../../lib/flow/objects/parseJobFlow.ts';
import { applyFlowKinds } from '../support/controlPlane/aFlowStory.ts';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { writeAccountKubeconfig } from '../support/controlPlane/writeAccountKubeconfig.ts';
import { aService } from '../support/objects/aService.ts';
import { aManualLock, claimsPath, crdsPath, manualLockCrd } from '../support/objects/manualLockCrd.ts';
import { aDirectory } from '../support/programs/aKubeconfig.ts';
import { anApi } from '../support/programs/anApi.ts';
import { programEnvironment, readUrl, startProgram } from '../support/programs/startProgram.ts';

const root = resolve(import.meta.dirname, '../..');
const controlPlane = useControlPlane({ jobs: true });

interface PodSeen {
  readonly metadata: { readonly name: string; readonly uid: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: readonly {
      readonly name: string;
      readonly command?: readonly string[];
      readonly args?: readonly string[];
    }[];
  };
}

test('a flow takes a ManualLock, moves a lead under it, and gives the lock back', async () => {
  const { kubeconfig, request, kubectl } = controlPlane();
  const crd = manualLockCrd();
  await request('POST', crdsPath, crd);
  await kubectl('wait', `crd/${crd.metadata.name}`, '--for=condition=Established', '--timeout=60s');
  await applyFlowKinds(controlPlane());
  const namespace = await createNamespace(controlPlane(), 'migration');
  const run = ['run', '--kubeconfig', kubeconfig, '--port', '0', '--no-lease'];
  await readUrl(startProgram(run));
  await readUrl(startProgram(run, {}, join(root, 'cli/zen-flow.ts')));
  await anApi(kubeconfig, '--api-auth', 'none', '--manual-locks');
  for (const name of ['web-0', 'web-1']) await startPod(namespace, { name });
  await namespace.apply(aService());
  await expect.poll(() => readLeader(namespace, 'web-leader')).toBe('web-0');

  // Another migration is under way.
  await namespace.request('POST', claimsPath(namespace.name), aManualLock('other', { lock: 'schema' }));
  const [account, role, binding, flow] = parseAllDocuments(
    readFileSync(join(root, 'examples/flow/migration.yaml'), 'utf8'),
  ).map((document) => document.toJS());
  await namespace.apply(account, role, binding);
  const ran = await startContainers(namespace, await writeAccountKubeconfig(controlPlane(), namespace, 'migration'));
  const parameters = { ...flow.spec.parameters, service: `${namespace.name}/web` };
  const flows = `/apis/workflow.kube-zen.io/v1alpha1/namespaces/${namespace.name}/jobflows`;
  await namespace.request('POST', flows, { ...flow, spec: { ...flow.spec, parameters } });
  const phase = (name: string) => namespace.kubectl('get', `manuallock/${name}`, '-o', 'jsonpath={.status.phase}');
  await expect.poll(() => phase('migration').catch(() => ''), { timeout: 60_000 }).toBe('Pending');
  expect(await readLeader(namespace, 'web-leader')).toBe('web-0');
  await namespace.kubectl('delete', 'manuallock/other');

  const view = async () => parseJobFlow(await namespace.request('GET', `${flows}/migration`)).status;
  await expect.poll(async () => (await view())?.phase, { timeout: 90_000 }).toBe('Succeeded');
  expect(ran).toEqual(['take-lock 0', 'move-lead 0', expect.stringMatching(/^migrate 0/), 'give-back 0']);
  expect(await readLeader(namespace, 'web-leader')).toBe('web-1');
  const token = (await view())?.steps.find(({ name }) => name === 'take-lock')?.outputs['token'];
  expect(ran[2]).toBe(`migrate 0: migrated with token ${token}`);
  expect(await namespace.kubectl('get', 'manuallock', '--no-headers', '--ignore-not-found')).toBe('');
}, 240_000);

/** Runs the command of each pod of a Job once. Returns steps, exit codes, and what `echo` says. */
async function startContainers(namespace: Namespace, kubeconfig: string): Promise<readonly string[]> {
  const ran: string[] = [];
  const known = new Set<string>();
  const directory = aDirectory();
  const timer = setInterval(() => void look().catch(() => undefined), 100);
  onTestFinished(() => clearInterval(timer));
  return ran;

  async function look(): Promise<void> {
    const path = `${namespace.core('pods')}?labelSelector=batch.kubernetes.io/job-name`;
    const { items } = (await namespace.request('GET', path)) as { readonly items: readonly PodSeen[] };
    for (const pod of items.filter(({ metadata }) => !known.has(metadata.uid))) {
      known.add(pod.metadata.uid);
      await run(pod);
    }
  }

  async function run({ metadata, spec }: PodSeen): Promise<void> {
    const log = join(directory, metadata.uid);
    const [container] = spec.containers;
    const zenLead = [process.execPath, join(root, 'cli/zen-lead.ts')];
    const words = [...(container?.command ?? zenLead), ...(container?.args ?? [])];
    const [program = '', ...args] = words.map((word) => word.replace('/dev/termination-log', log));
    const child = spawn(program, args, {
      // The cache of kubectl goes to the home of who runs it.
      env: { ...programEnvironment(), KUBECONFIG: kubeconfig, HOME: directory },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (text) => {
      said += String(text);
    });
    const exitCode = await new Promise<number>((ended) => child.once('close', (code) => ended(code ?? 1)));
    const job = metadata.labels['batch.kubernetes.io/job-name'];
    const { step } = parseJob(
      await namespace.request('GET', `/apis/batch/v1/namespaces/${namespace.name}/jobs/${job}`),
    );
    ran.push(`${step} ${exitCode}${program === 'echo' ? `: ${said.trim()}` : ''}`);
    const message = existsSync(log) ? readFileSync(log, 'utf8') : '';
    const terminated = { exitCode, finishedAt: new Date().toISOString(), message };
    const name = container?.name ?? '';
    await namespace.request('PATCH', `${namespace.core('pods')}/${metadata.name}/status`, {
      status: {
        phase: exitCode === 0 ? 'Succeeded' : 'Failed',
        containerStatuses: [{ name, image: 'i', imageID: 'i', ready: false, restartCount: 0, state: { terminated } }],
      },
    });
  }
}
