/**
 * examples/flow/maintenance.yaml: a flow moves a lead and works under a lock. zen-lead, its api and
 * zen-flow run as processes on the embedded API server. What stands in for a kubelet runs the
 * commands of the containers.
 */

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { jobFlowCrd } from '../../deploy/flow/jobFlowCrd.ts';
import { jobFlowRecordCrd } from '../../deploy/flow/jobFlowRecordCrd.ts';
import { parseJob } from '../../lib/flow/objects/parseJob.ts';
import { parseJobFlow } from '../../lib/flow/objects/parseJobFlow.ts';
import { aCluster } from '../support/programs/aCluster.ts';
import { aDirectory } from '../support/programs/aKubeconfig.ts';
import { anApi } from '../support/programs/anApi.ts';
import { programEnvironment, readUrl, startProgram } from '../support/programs/startProgram.ts';

const root = resolve(import.meta.dirname, '../..');
const JOBS = '/apis/batch/v1/namespaces/default/jobs';
const FLOWS = '/apis/workflow.kube-zen.io/v1alpha1/namespaces/default/jobflows';

interface JobSeen {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly args: string[] }[] } };
  };
}

interface Ran {
  readonly step: string;
  readonly args: readonly string[];
  readonly code: number;
}

test('a flow moves a lead, works under a lock, and says which token it had', async () => {
  const cluster = await aCluster();
  const request = async (method: string, path: string, body?: object): Promise<unknown> => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': type } };
    const answer = await fetch(`${cluster.url}${path}`, { method, ...init });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return answer.json();
  };
  for (const definition of [jobFlowCrd, jobFlowRecordCrd])
    await request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
  const { kubeconfig } = cluster;
  await readUrl(startProgram(['run', '--kubeconfig', kubeconfig, '--port', '0', '--no-lease']));
  await cluster.startLed();
  const api = await anApi(kubeconfig, '--api-auth', 'none');
  const flowProgram = join(root, 'cli/zen-flow.ts');
  await readUrl(startProgram(['run', '--kubeconfig', kubeconfig, '--port', '0', '--no-lease'], {}, flowProgram));
  const ran = startContainers(request, kubeconfig);

  const flow = parse(readFileSync(join(root, 'examples/flow/maintenance.yaml'), 'utf8'));
  const parameters = { service: 'default/db', lock: 'default/maintenance', api: api.url };
  await request('POST', FLOWS, {
    ...flow,
    metadata: { name: 'maintenance' },
    spec: { ...flow.spec, parameters },
  });
  const view = async () => parseJobFlow(await request('GET', `${FLOWS}/maintenance`)).status;
  await expect.poll(async () => (await view())?.phase, { timeout: 60_000 }).toBe('Succeeded');
  await cluster.expectLeader('10.0.0.11');
  expect(ran.map(({ step, code }) => `${step} ${code}`)).toEqual(['move-lead 0', 'maintain 0', 'report 0', 'let-go 0']);
  const token = (await view())?.steps.find(({ name }) => name === 'maintain')?.outputs['token'];
  expect(token).toMatch(/^\d+$/);
  expect(ran.find(({ step }) => step === 'report')?.args.at(-1)).toBe(`maintained with token ${token}`);
}, 120_000);

/** Runs the command of each Job once, as the kubelet and the Job controller would. */
function startContainers(
  request: (method: string, path: string, body?: object) => Promise<unknown>,
  kubeconfig: string,
): readonly Ran[] {
  const ran: Ran[] = [];
  const known = new Set<string>();
  const directory = aDirectory();
  const timer = setInterval(() => void look().catch(() => undefined), 100);
  onTestFinished(() => clearInterval(timer));
  return ran;

  async function look(): Promise<void> {
    const { items } = (await request('GET', JOBS)) as { readonly items: readonly JobSeen[] };
    for (const job of items) {
      if (known.has(job.metadata.uid)) continue;
      known.add(job.metadata.uid);
      await run(job);
    }
  }

  async function run(job: JobSeen): Promise<void> {
    const log = join(directory, job.metadata.uid);
    const given = job.spec.template.spec.containers[0]?.args ?? [];
    const args = given.map((arg) => arg.replace('/dev/termination-log', log));
    const command = args[0] === 'echo' ? args : [process.execPath, join(root, 'cli/zen-lead.ts'), ...args];
    const child = spawn(command[0] ?? '', command.slice(1), {
      env: { ...programEnvironment(), KUBECONFIG: kubeconfig },
      stdio: 'ignore',
    });
    const code = await new Promise<number>((resolve) => child.once('close', (exit) => resolve(exit ?? 1)));
    ran.push({ step: parseJob(job).step, args: given, code });
    const message = existsSync(log) ? readFileSync(log, 'utf8') : '';
    const finishedAt = new Date().toISOString();
    const pod = `${job.metadata.name}-pod`;
    const labels = { 'batch.kubernetes.io/job-name': job.metadata.name };
    const containers = [{ name: 'zen-lead', image: 'i:1' }];
    await request('POST', '/api/v1/namespaces/default/pods', { metadata: { name: pod, labels }, spec: { containers } });
    const terminated = { exitCode: code, finishedAt, message };
    await request('PATCH', `/api/v1/namespaces/default/pods/${pod}/status`, {
      status: {
        phase: code === 0 ? 'Succeeded' : 'Failed',
        containerStatuses: [{ name: 'zen-lead', state: { terminated } }],
      },
    });
    const type = code === 0 ? 'Complete' : 'Failed';
    await request('PATCH', `${JOBS}/${job.metadata.name}/status`, {
      status: { conditions: [{ type, status: 'True', reason: 'Tried', lastTransitionTime: finishedAt }] },
    });
  }
}
