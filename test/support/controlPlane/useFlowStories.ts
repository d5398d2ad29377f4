/**
 * Runs `zen-flow run` as a process with the rights of deploy/flow/rights for the stories of one
 * file, on a real kube-apiserver with the real Job controller. A stand-in kubelet ends the pods.
 */

import { join, resolve } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Outcomes } from '../objects/aFlow.ts';
import { type RunningProcess, startProcess } from '../programs/startProcess.ts';
import { aFlowStory, applyFlowKinds, type FlowStory, writeFlowKubeconfig } from './aFlowStory.ts';
import { type StandInKubelet, startStandInKubelet } from './standInKubelet.ts';
import type { ControlPlane } from './startControlPlane.ts';

const root = resolve(import.meta.dirname, '../../..');

/** `messages`: what the containers of a step leave. Each story has a namespace. */
export function useFlowStories(
  controlPlane: () => ControlPlane,
  outcomes: Outcomes,
  messages: Readonly<Record<string, string>> = {},
): () => Promise<FlowStory> {
  let kubelet: StandInKubelet | undefined;
  let bridge: RunningProcess | undefined;
  let stories = 0;
  beforeAll(async () => {
    await applyFlowKinds(controlPlane(), 'rights');
    const kubeconfig = await writeFlowKubeconfig(controlPlane(), 'zen-flow');
    kubelet = startStandInKubelet(controlPlane(), outcomes, 100, messages);
    bridge = startProcess({
      name: 'zen-flow',
      command: process.execPath,
      args: [join(root, 'cli/zen-flow.ts'), 'run', '--kubeconfig', kubeconfig, '--port', '0', '--no-lease'],
      directory: controlPlane().directory,
      workingDirectory: root,
    });
  });
  afterAll(async () => {
    await bridge?.stop('SIGKILL');
    await kubelet?.close();
  });
  return () => {
    stories += 1;
    return aFlowStory(controlPlane(), `flow-${stories}`);
  };
}
