/**
 * Runs flows on the real node: the steps are real containers behind a real kubelet, with the real
 * controllers of Jobs and claims.
 *
 * `CLUSTER_FLOW_ITEMS` says for how many items a step runs; a hundred are asked for by hand.
 */

import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parseJobFlow } from '../../lib/flow/objects/parseJobFlow.ts';
import { API_VERSION } from '../../lib/flow/state/names.ts';
import type { RunningProcess } from '../support/programs/startProcess.ts';
import { attachCluster } from './attachCluster.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);
const root = resolve(import.meta.dirname, '../..');
const program = join(root, 'cli/zen-flow.ts');
const namespace = 'flows';
const path = `/apis/workflow.kube-zen.io/v1alpha1/namespaces/${namespace}/jobflows`;
const itemCount = Number(process.env['CLUSTER_FLOW_ITEMS'] ?? 8);
/** A pod starts in seconds; the rest is for a busy machine. */
const soon = { timeout: 120_000 + 3_000 * itemCount, interval: 250 };
const kubectl = (...args: readonly string[]) => cluster.kubectl('-n', namespace, ...args);

let zenFlow: RunningProcess;
let starts = 0;

function startZenFlow(): RunningProcess {
  starts += 1;
  const kubeconfig = join(import.meta.dirname, 'node/kubeconfig');
  const args = [program, 'run', '--kubeconfig', kubeconfig, '--namespace', namespace, '--no-lease', '--port', '0'];
  return cluster.start(`zen-flow-${starts}`, process.execPath, ...args);
}

const ofFlow = (...words: readonly string[]) =>
  cluster.run(process.execPath, program, ...words, '--namespace', namespace);

beforeAll(async () => {
  await cluster.kubectl('apply', '--server-side', '-k', join(root, 'deploy/flow/crds'));
  await cluster.kubectl('wait', '--for=create', '--timeout=60s', 'crd/jobflows.workflow.kube-zen.io');
  await cluster.kubectl('wait', '--for=condition=Established', '--timeout=60s', 'crd/jobflows.workflow.kube-zen.io');
  await cluster.kubectl('create', 'namespace', namespace);
  zenFlow = startZenFlow();
});
afterAll(async () => {
  await kubectl('delete', 'jobflows', '--all', '--timeout=60s').catch(() => undefined);
  await zenFlow?.stop();
  await cluster.kubectl('delete', 'namespace', namespace, '--timeout=150s');
  await cluster.kubectl('delete', 'pv', 'flow-work', '--ignore-not-found');
  await cluster.kubectl('delete', '-k', join(root, 'deploy/flow/crds'), '--ignore-not-found');
});

/** As root, because a folder of the node belongs to it. */
function aStep(
  name: string,
  dependencies: readonly string[],
  script: string,
  more: object = {},
  image = 'busybox',
): object {
  const container = {
    name: 'main',
    image: `dev.local/${image}:1`,
    imagePullPolicy: 'Never',
    command: ['/bin/sh', '-c', script],
    securityContext: { runAsUser: 0 },
  };
  const pod = { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [container] };
  return { name, dependencies, template: { spec: { template: { spec: pod } } }, ...more };
}

async function apply(name: string, spec: object): Promise<void> {
  await cluster.request('POST', path, { apiVersion: API_VERSION, kind: 'JobFlow', metadata: { name }, spec });
}

async function readStates(name: string): Promise<Readonly<Record<string, string>>> {
  const { status } = parseJobFlow(await cluster.request('GET', `${path}/${name}`));
  const text = (phase = 'none', reason: string | null = null) => [phase, reason].filter(Boolean).join(' ');
  const steps = (status?.steps ?? []).map((step) => [step.name, text(step.phase, step.reason)] as const);
  return { flow: text(status?.phase, status?.reason), ...Object.fromEntries(steps) };
}

const untilFlow = (name: string, state: string) =>
  expect.poll(async () => (await readStates(name))['flow'], soon).toBe(state);

const labelled = (step: string) => ['-l', `workflow.kube-zen.io/step=${step}`, '-o', 'name'];

async function untilPodRuns(step: string): Promise<string> {
  const running = async () => {
    const job = (await kubectl('get', 'jobs', ...labelled(step))).trim().split('\n').at(-1)?.split('/')[1];
    const selector = `batch.kubernetes.io/job-name=${job}`;
    return kubectl('get', 'pods', '-l', selector, '--field-selector=status.phase=Running', '-o', 'name');
  };
  await expect.poll(running, soon).toContain('pod/');
  return (await running()).trim().replace('pod/', '');
}

describe('on a real node, a flow', () => {
  test('hands a message, a file for each item and a folder of a claim on from step to step', async () => {
    const folder = join(directory, 'flow-work');
    await cluster.apply(
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: 'flow-work' },
        spec: {
          capacity: { storage: '1Mi' },
          accessModes: ['ReadWriteOnce'],
          storageClassName: 'flow-work',
          hostPath: { path: folder, type: 'DirectoryOrCreate' },
        },
      }),
    );
    const items = Array.from({ length: itemCount }, (_, index) => `item-${index}`);
    const claim = {
      metadata: { name: 'work' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'flow-work',
        resources: { requests: { storage: '1Mi' } },
      },
    };
    const output = { parameters: [{ name: 'items', valueFrom: { terminationMessage: {} } }] };
    const artifacts = (more: object) => ({ artifacts: [{ name: 'all', ...more }] });
    await apply('data', {
      resourceTemplates: { volumeClaimTemplates: [claim] },
      steps: [
        aStep('list', [], `echo '${JSON.stringify([...items, 'left-out'])}' > /dev/termination-log`, {
          outputs: output,
        }),
        aStep('each', ['list'], 'cat /zen-flow/item > "/out/$JOB_COMPLETION_INDEX"; cat /zen-flow/item', {
          when: "item != 'left-out'",
          forEach: { from: 'steps.list.outputs.items', parallelism: 10 },
          outputs: artifacts({ path: '/out', volumeClaim: 'work' }),
        }),
        aStep('join', ['each'], 'for f in /in/*; do cat "$f"; echo; done', {
          inputs: artifacts({ path: '/in', from: 'each' }),
        }),
      ],
    });
    await untilFlow('data', 'Succeeded');
    const lines = (text: string) =>
      text
        .split('\n')
        .filter((line) => line.startsWith('item-'))
        .sort();
    expect(lines(await ofFlow('logs', 'data', 'join'))).toEqual(items.toSorted());
    // Each pod has a line of its own with its name before it.
    const printed = await ofFlow('logs', 'data', 'each');
    for (const item of items) expect(printed).toContain(item);
    expect(printed).not.toContain('left-out');
  });

  test('ends a step whose image cannot be pulled at its time-out', async () => {
    const steps = [aStep('absent', [], 'exit 0', { timeoutSeconds: 8 }, 'absent')];
    await apply('image', { steps });
    const waiting = 'jsonpath={.items[*].status.containerStatuses[*].state.waiting.reason}';
    await expect.poll(() => kubectl('get', 'pods', '-o', waiting), soon).toContain('ErrImageNeverPull');
    await untilFlow('image', 'Failed StepFailed');
    expect(await readStates('image')).toMatchObject({ absent: 'Failed Timeout' });
  });

  test('waits where a quota is used up, and goes on', async () => {
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'none' } };
    await cluster.apply(JSON.stringify({ ...quota, spec: { hard: { 'count/jobs.batch': '0' } } }), '-n', namespace);
    // The quota counts what is there before it holds.
    const isCounted = () => kubectl('get', 'resourcequota', 'none', '-o', 'jsonpath={.status.hard}');
    await expect.poll(isCounted, soon).toContain('count/jobs.batch');
    await apply('quota', { steps: [aStep('held', [], 'exit 0')] });
    const events = () => kubectl('get', 'events', '-o', 'jsonpath={.items[*].reason}');
    await expect.poll(events, soon).toContain('JobNotCreated');
    expect(await readStates('quota')).not.toMatchObject({ flow: expect.stringContaining('Failed') });
    await kubectl('delete', 'resourcequota', 'none');
    await untilFlow('quota', 'Succeeded');
    expect((await kubectl('get', 'jobs', ...labelled('held'))).trim().split('\n')).toHaveLength(1);
  });

  test('tries a step again whose pod is evicted, as a drain does', async () => {
    const retryPolicy = { limit: 1, backoff: { duration: '1s' } };
    await apply('drained', { steps: [aStep('slow', [], 'sleep 3600', { retryPolicy })] });
    const pod = await untilPodRuns('slow');
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } };
    await cluster.request('POST', `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`, eviction);
    await expect.poll(() => kubectl('get', 'jobs', ...labelled('slow')), soon).toMatch(/slow-1-.*\n.*slow-2-/s);
    expect(await untilPodRuns('slow')).not.toBe(pod);
    await ofFlow('terminate', 'drained');
    await untilFlow('drained', 'Failed Terminated');
  });

  test('ends a step at its time-out while zen-flow is stopped', async () => {
    await apply('stopped', { steps: [aStep('endless', [], 'sleep 3600', { timeoutSeconds: 6 })] });
    await untilPodRuns('endless');
    await zenFlow.stop('SIGKILL');
    const reason = 'jsonpath={.items[*].status.conditions[?(@.type=="Failed")].reason}';
    const selector = 'workflow.kube-zen.io/step=endless';
    await expect.poll(() => kubectl('get', 'jobs', '-l', selector, '-o', reason), soon).toBe('DeadlineExceeded');
    zenFlow = startZenFlow();
    await untilFlow('stopped', 'Failed StepFailed');
    expect(await readStates('stopped')).toMatchObject({ endless: 'Failed Timeout' });
  });
});
