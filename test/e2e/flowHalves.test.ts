/**
 * Bridge and functions of zen-flow as two programs, with the accounts of deploy/flow/base and no
 * other rights. Real tokens are verified with the real API server's keys, events go over HTTP, and
 * each half is killed at work.
 */

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aFlowStory, applyFlowKinds, writeFlowKubeconfig } from '../support/controlPlane/aFlowStory.ts';
import { chooseFreePort } from '../support/controlPlane/chooseFreePort.ts';
import { type StandInKubelet, startStandInKubelet } from '../support/controlPlane/standInKubelet.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aStep } from '../support/objects/aFlow.ts';
import { type RunningProcess, startProcess } from '../support/programs/startProcess.ts';

const root = resolve(import.meta.dirname, '../..');
const SENDER = 'system:serviceaccount:zen-flow:zen-flow-bridge';
const controlPlane = useControlPlane({ jobs: true });
let kubelet: StandInKubelet;
let url: string;
let tokenFile: string;
let bridge: RunningProcess;
let functions: RunningProcess;
let starts = 0;
const kubeconfigs = { bridge: '', functions: '' };

function start(half: 'bridge' | 'functions', ...args: readonly string[]): RunningProcess {
  starts += 1;
  const { directory } = controlPlane();
  return startProcess({
    name: `${half}-${starts}`,
    command: process.execPath,
    args: [join(root, 'cli/zen-flow.ts'), half, '--kubeconfig', kubeconfigs[half], ...args],
    directory,
    workingDirectory: root,
  });
}

const startFunctions = () => start('functions', '--port', new URL(url).port, '--trusted-sender', SENDER);
/** Each has another identity, so that the Lease of one that was killed has to end first. */
const startBridge = () => start('bridge', '--port', '0', '--sink', url, '--token-file', tokenFile);

beforeAll(async () => {
  await applyFlowKinds(controlPlane(), 'base');
  kubeconfigs.bridge = await writeFlowKubeconfig(controlPlane(), 'zen-flow-bridge');
  kubeconfigs.functions = await writeFlowKubeconfig(controlPlane(), 'zen-flow-functions');
  const { directory, kubectl } = controlPlane();
  tokenFile = join(directory, 'bridge-token');
  const token = await kubectl('-n', 'zen-flow', 'create', 'token', 'zen-flow-bridge', '--audience', 'zen-flow');
  writeFileSync(tokenFile, token.trim());
  url = `http://127.0.0.1:${await chooseFreePort()}`;
  kubelet = startStandInKubelet(controlPlane(), { flaky: ['fail:3', 'ok'] }, 100);
  functions = startFunctions();
  bridge = startBridge();
});
afterAll(async () => {
  await Promise.all([bridge?.stop('SIGKILL'), functions?.stop('SIGKILL')]);
  await kubelet?.close();
});

const readHolder = () =>
  controlPlane().kubectl('-n', 'zen-flow', 'get', 'lease', 'zen-flow', '-o', 'jsonpath={.spec.holderIdentity}');

const readMetric = async (name: string): Promise<number> => {
  const page = await (await fetch(`${url}/metrics`)).text();
  const values = [...page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
};

describe('on a real API server, the two halves of zen-flow', () => {
  test('run a flow on events that a real token vouches for', async () => {
    const story = await aFlowStory(controlPlane(), 'halves');
    const retryPolicy = { limit: 1, backoff: { duration: '100ms' }, when: 'exitCode == 3' };
    await story.apply({
      steps: [aStep('a'), aStep('flaky', 'a', { retryPolicy }), aStep('c', 'flaky')],
      finally: [aStep('z')],
    });
    await story.untilPhase('Succeeded');
    expect(await story.jobs()).toEqual(['a/1', 'c/1', 'flaky/1', 'flaky/2', 'z/1']);
    expect(await readMetric('zen_flow_step_retries_total')).toBe(1);
    const page = await (await fetch(`${url}/metrics`)).text();
    expect(page).not.toMatch(/zen_flow_hints_total\{reason="(?:untrusted|unreadable|template)"\}/);
    expect(await readMetric('zen_flow_hop_seconds_count')).toBeGreaterThan(0);
  });

  test.each([
    ['without a token', 401, undefined],
    ['with a token for the API server', 401, () => token()],
  ])('refuse an event %s with %i', async (_name, status, makeToken) => {
    const bearer = await makeToken?.();
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/cloudevents+json',
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      },
      body: '{}',
    });
    expect(answer.status).toBe(status);
  });

  test('lose nothing and double nothing when each half is killed at work', async () => {
    const story = await aFlowStory(controlPlane(), 'killed-halves');
    const width = Array.from({ length: 6 }, (_, index) => `w${index}`);
    await story.apply({
      steps: [aStep('k'), ...width.map((name) => aStep(name, 'k')), aStep('l', width), aStep('m', 'l')],
    });
    await expect.poll(story.jobs, { timeout: 60_000 }).toContain('k/1');
    await functions.stop('SIGKILL');
    functions = startFunctions();
    await expect.poll(story.jobs, { timeout: 60_000 }).toContain('w0/1');
    await bridge.stop('SIGKILL');
    bridge = startBridge();
    await expect.poll(story.jobs, { timeout: 60_000 }).toContain('l/1');
    await Promise.all([bridge.stop('SIGKILL'), functions.stop('SIGKILL')]);
    functions = startFunctions();
    bridge = startBridge();
    await story.untilPhase('Succeeded');
    const expected = ['k', 'l', 'm', ...width].map((name) => `${name}/1`).sort();
    expect(await story.jobs()).toEqual(expected);
    expect(kubelet.ran.filter((attempt) => expected.includes(attempt)).sort()).toEqual(expected);
  });

  test('go on without the bridge that sends first, and not after its Lease', async () => {
    const story = await aFlowStory(controlPlane(), 'second');
    await expect.poll(() => bridge.log(), { timeout: 30_000 }).toContain('sends first');
    const second = startBridge();
    await expect.poll(() => second.log(), { timeout: 30_000 }).toContain('every list is complete');
    await story.apply({ steps: [aStep('a'), aStep('b', 'a'), aStep('c', 'b')] });
    await expect.poll(story.jobs, { timeout: 60_000 }).toContain('a/1');
    const holder = await readHolder();
    await bridge.stop('SIGKILL');
    bridge = second;
    await expect.poll(story.jobs, { timeout: 60_000 }).toContain('b/1');
    expect(await readHolder()).toBe(holder);
    expect(second.log()).not.toContain('sends first');
    await story.untilPhase('Succeeded');
    expect(await story.jobs()).toEqual(['a/1', 'b/1', 'c/1']);
  });

  test('end with exit code 0 on SIGTERM', async () => {
    expect(await bridge.stop('SIGTERM')).toBe(0);
    expect(await functions.stop('SIGTERM')).toBe(0);
  });
});

async function token(): Promise<string> {
  return (await controlPlane().kubectl('-n', 'zen-flow', 'create', 'token', 'zen-flow-bridge')).trim();
}
