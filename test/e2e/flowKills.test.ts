/**
 * Kills `zen-flow run` at its writes, on a real kube-apiserver with the real Job controller: by
 * turns before a write arrives, and when it has taken effect and no answer came.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { aFlowStory, applyFlowKinds, writeFlowKubeconfig } from '../support/controlPlane/aFlowStory.ts';
import { startStandInKubelet } from '../support/controlPlane/standInKubelet.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aStep } from '../support/objects/aFlow.ts';
import { type RunningProcess, startProcess } from '../support/programs/startProcess.ts';
import { type KillingProxy, type SeenWrite, startKillingProxy } from '../support/servers/startKillingProxy.ts';

const root = resolve(import.meta.dirname, '../..');
const controlPlane = useControlPlane({ jobs: true });
let proxy: KillingProxy | undefined;
let running: RunningProcess | undefined;
afterAll(async () => {
  await running?.stop('SIGKILL');
  await proxy?.close();
});

test('a flow ends as it should, and no attempt has two Jobs, though zen-flow is killed at its writes', async () => {
  await applyFlowKinds(controlPlane(), 'rights');
  const { directory, url } = controlPlane();
  const kubeconfig = await writeFlowKubeconfig(controlPlane(), 'zen-flow');
  const kubelet = startStandInKubelet(controlPlane(), { flaky: ['fail', 'ok'] }, 50);
  const killed: string[] = [];
  let writes = 0;
  let starts = 0;
  let isOver = false;
  let isKilling = false;

  const nameOf = ({ method, path }: SeenWrite) =>
    `${method} ${path.replace(/^.*\/namespaces\/[^/]+\//, '').split('/')[0]}`;
  /** Which write of its process each one is. */
  const numbers = new WeakMap<SeenWrite, number>();
  /** The next process is killed at another write, and by turns before and after it. */
  const killAt = () => 1 + ((starts - 1) % 5);
  const isLost = () => starts % 2 === 0;
  const isDue = (write: SeenWrite) => !isOver && (numbers.get(write) ?? 0) >= killAt();

  async function kill(write: SeenWrite, when: string): Promise<boolean> {
    // What the process has sent beside it is lost with it.
    if (isKilling) return false;
    isKilling = true;
    killed.push(`${nameOf(write)} ${when}`);
    await running?.stop('SIGKILL');
    start();
    isKilling = false;
    return false;
  }
  proxy = await startKillingProxy(controlPlane(), {
    async before(write) {
      writes += 1;
      numbers.set(write, writes);
      return !(isDue(write) && isLost()) || kill(write, 'lost');
    },
    after: async (write) => !isDue(write) || kill(write, 'unanswered'),
  });
  const file = join(directory, 'killed.kubeconfig');
  writeFileSync(file, readFileSync(kubeconfig, 'utf8').replaceAll(url, proxy.url));

  function start(): void {
    starts += 1;
    writes = 0;
    running = startProcess({
      name: `killed-${starts}`,
      command: process.execPath,
      args: [join(root, 'cli/zen-flow.ts'), 'run', '--kubeconfig', file, '--port', '0', '--no-lease'],
      directory,
      workingDirectory: root,
    });
  }

  const story = await aFlowStory(controlPlane(), 'killed');
  const retryPolicy = { limit: 1, backoff: { duration: '100ms' } };
  await story.apply({
    steps: [aStep('a'), aStep('flaky', 'a', { retryPolicy })],
    finally: [aStep('z', [], { once: true })],
  });
  start();
  const phase = async () => (await story.states())['flow'];
  await expect.poll(phase, { timeout: 240_000, interval: 500 }).toBe('Succeeded');
  isOver = true;
  expect(await story.jobs()).toEqual(['a/1', 'flaky/1', 'flaky/2', 'z/1']);
  expect(kubelet.ran.toSorted()).toEqual(['a/1', 'flaky/1', 'flaky/2', 'z/1']);
  console.log(`killed ${killed.length} times: ${[...new Set(killed)].sort().join(', ')}`);
  for (const way of ['lost', 'unanswered'])
    expect(
      killed.some((each) => each.endsWith(way)),
      way,
    ).toBe(true);
  await kubelet.close();
}, 300_000);
