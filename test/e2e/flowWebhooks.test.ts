/**
 * A real API server calls the webhooks of flows, with a certificate that `zen-flow webhook` made
 * and published itself, and with the rights of deploy/flow/webhooks.
 */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { API_VERSION } from '../../lib/flow/state/names.ts';
import { createKubeApi } from '../../lib/kube/client.ts';
import { loadKubeconfigAccess } from '../../lib/kube/kubeconfigAccess.ts';
import { silentLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { startWebhook } from '../../webhooks/startWebhook.ts';
import { applyFlowKinds, writeFlowKubeconfig } from '../support/controlPlane/aFlowStory.ts';
import { chooseFreePort } from '../support/controlPlane/chooseFreePort.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aStep } from '../support/objects/aFlow.ts';
import { anAgedSecret, RENEWED_BEFORE_MS } from '../support/objects/anAgedSecret.ts';
import { type RunningProcess, startProcess } from '../support/programs/startProcess.ts';

const root = resolve(import.meta.dirname, '../..');
const controlPlane = useControlPlane({ controllerManager: false });
let webhook: RunningProcess;
let port = 0;

/** The Service of the manifest has no pods here: the API server is given an address instead. */
function configurations(failurePolicy: 'Ignore' | 'Fail'): string {
  const text = readFileSync(join(root, 'deploy/flow/webhooks/configuration.yaml'), 'utf8');
  const objects = parseAllDocuments(text).map((document) => {
    const object = document.toJS() as { webhooks: { clientConfig: { service: { path: string } } }[] };
    const webhooks = object.webhooks.map((each) => ({
      ...each,
      failurePolicy,
      clientConfig: { url: `https://localhost:${port}${each.clientConfig.service.path}` },
    }));
    return stringify({ ...object, webhooks });
  });
  return objects.join('---\n');
}

const caBundles = (): Promise<string> =>
  controlPlane().kubectl(
    ...['get', 'validatingwebhookconfigurations,mutatingwebhookconfigurations', '-o'],
    'jsonpath={.items[*].webhooks[*].clientConfig.caBundle}',
  );

function start(kubeconfig: string): RunningProcess {
  return startProcess({
    name: 'webhook',
    command: process.execPath,
    args: [join(root, 'cli/zen-flow.ts'), 'webhook', '--kubeconfig', kubeconfig, '--port', String(port)],
    directory: controlPlane().directory,
    workingDirectory: root,
  });
}

beforeAll(async () => {
  const { kubectl } = controlPlane();
  await applyFlowKinds(controlPlane(), 'base');
  await kubectl('apply', '--server-side', '-f', join(root, 'deploy/flow/webhooks/account.yaml'));
  port = await chooseFreePort();
  await kubectl.withInput(configurations('Fail'), 'apply');
  const kubeconfig = await writeFlowKubeconfig(controlPlane(), 'zen-flow-webhook');
  webhook = start(kubeconfig);
  await vi.waitFor(async () => expect((await caBundles()).split(' ')).toHaveLength(2), {
    timeout: 30_000,
    interval: 200,
  });
  await vi.waitFor(() => create('probe', { steps: [aStep('a')] }), { timeout: 30_000, interval: 200 });
});
afterAll(() => webhook?.stop('SIGKILL'));

function create(name: string, spec: object, annotations: object = {}): Promise<string> {
  const flow = {
    apiVersion: API_VERSION,
    kind: 'JobFlow',
    metadata: { name, namespace: 'default', annotations },
    spec,
  };
  return controlPlane().kubectl.withInput(JSON.stringify(flow), 'create');
}

describe('a real API server refuses', () => {
  test.each([
    ['a circle', { steps: [aStep('a', 'b'), aStep('b', 'a')] }, 'dependencies go in a circle: a -> b -> a'],
    ['a condition that cannot be', { steps: [aStep('a', [], { when: 'params.x' })] }, 'there is no parameter "x"'],
  ])('%s', async (_, spec, message) => {
    await expect(create('refused', spec)).rejects.toThrow(message);
  });

  test('a Job that it would not take, by its own word, and makes none', async () => {
    const pod = { restartPolicy: 'Never', containers: [{ name: 'Not A Name', image: 'i:1' }] };
    const steps = [{ name: 'a', template: { spec: { template: { spec: pod } } } }];
    await expect(create('refused', { steps })).rejects.toThrow(/spec\.steps\[0]\.template: .*Invalid value/);
    expect(await controlPlane().kubectl('get', 'jobs', '-o', 'name')).toBe('');
  });

  test('an unknown field of a Job', async () => {
    const pod = { restartPolicy: 'Never', containers: [{ name: 'm', image: 'i:1', comand: ['x'] }] };
    const steps = [{ name: 'a', template: { spec: { template: { spec: pod } } } }];
    await expect(create('refused', { steps })).rejects.toThrow('comand');
  });
});

test('a real API server takes a sound flow, and it says who created it', async () => {
  await create('sound', { steps: [aStep('a')] }, { 'workflow.kube-zen.io/initiated-by': 'eve' });
  const flow = parse(await controlPlane().kubectl('get', 'jf', 'sound', '-o', 'yaml'));
  expect(flow.metadata.annotations['workflow.kube-zen.io/initiated-by']).not.toBe('eve');
  expect(flow.metadata.annotations['workflow.kube-zen.io/initiated-by']).not.toBe('');
});

test('a webhook that starts again takes the certificate that is there, and a lost one is made again', async () => {
  const before = await caBundles();
  const { kubectl, directory } = controlPlane();
  await webhook.stop('SIGTERM');
  webhook = start(join(directory, 'zen-flow-webhook.kubeconfig'));
  await vi.waitFor(() => create('again', { steps: [aStep('a')] }), { timeout: 30_000, interval: 200 });
  expect(await caBundles()).toBe(before);
  await webhook.stop('SIGTERM');
  await kubectl('--namespace', 'zen-flow', 'delete', 'secret', 'zen-flow-webhook-tls');
  webhook = start(join(directory, 'zen-flow-webhook.kubeconfig'));
  await vi.waitFor(() => create('renewed', { steps: [aStep('a')] }), { timeout: 30_000, interval: 200 });
  expect(await caBundles()).not.toBe(before);
});

test('a certificate that is renewed while flows are written refuses none of them', async () => {
  const { kubectl, directory, request } = controlPlane();
  await webhook.stop('SIGTERM');
  const inMs = 4_000;
  const named = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'zen-flow-webhook-tls', namespace: 'zen-flow' } };
  const aged = { ...anAgedSecret(RENEWED_BEFORE_MS + inMs), ...named };
  await kubectl.withInput(JSON.stringify(aged), 'apply', '--server-side', '--force-conflicts');
  const metrics = createMetrics();
  const access = await loadKubeconfigAccess([join(directory, 'zen-flow-webhook.kubeconfig')]);
  const api = createKubeApi(access, { metrics });
  const names = { namespace: 'zen-flow', secret: named.metadata.name, service: 'zen-flow-webhook' };
  const own = { ...names, configuration: 'zen-flow' };
  const common = { api, host: '127.0.0.1', port, files: undefined, triesJobs: true, metrics, log: silentLogger };
  const server = await startWebhook({ ...common, own, renewEveryMs: 500 });
  try {
    await vi.waitFor(() => create('aged', { steps: [aStep('a')] }), { timeout: 30_000, interval: 100 });
    const [before, authorities] = [await servedCertificate(), await caBundles()];
    let isOver = false;
    const write = async (writer: number): Promise<number> => {
      let count = 0;
      for (; !isOver; count += 1)
        await request('POST', `/apis/${API_VERSION}/namespaces/default/jobflows`, {
          ...{ apiVersion: API_VERSION, kind: 'JobFlow', metadata: { name: `under-load-${writer}-${count}` } },
          spec: { steps: [aStep('a')] },
        });
      return count;
    };
    const writing = Promise.all([write(1), write(2), write(3)]);
    await expect.poll(caBundles, { timeout: 30_000 }).not.toBe(authorities);
    await expect.poll(servedCertificate, { timeout: 30_000 }).not.toBe(before);
    await sleep(1_000);
    isOver = true;
    expect(Math.min(...(await writing))).toBeGreaterThan(5);
  } finally {
    await server.close();
    await api.close();
  }
});

/** Its fingerprint. */
function servedCertificate(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.end();
    });
    socket.once('error', reject);
  });
}

test('without the webhook a flow is taken with Ignore, and refused with Fail', async () => {
  await webhook.stop('SIGKILL');
  await expect(create('away', { steps: [aStep('a')] })).rejects.toThrow('failed calling webhook');
  await controlPlane().kubectl.withInput(configurations('Ignore'), 'apply');
  await vi.waitFor(() => create('away', { steps: [aStep('a')] }), { timeout: 30_000, interval: 500 });
});
