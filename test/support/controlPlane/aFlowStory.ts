/**
 * Holds what the stories about flows on a real API server share: a namespace with one flow, and a
 * kubeconfig of an account that deploy/flow gives rights to.
 */

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { parseJobFlow } from '../../../lib/flow/objects/parseJobFlow.ts';
import { API_VERSION } from '../../../lib/flow/state/names.ts';
import { createNamespace, type Namespace } from './createNamespace.ts';
import type { ControlPlane } from './startControlPlane.ts';

const deploy = resolve(import.meta.dirname, '../../../deploy/flow');

/** Applies the kinds of zen-flow, and what else of deploy/flow is named. */
export async function applyFlowKinds({ kubectl }: ControlPlane, ...others: readonly string[]): Promise<void> {
  await kubectl('apply', '--server-side', '-k', join(deploy, 'crds'));
  for (const kind of ['jobflows', 'jobflowrecords'])
    await kubectl('wait', '--for=condition=Established', '--timeout=20s', `crd/${kind}.workflow.kube-zen.io`);
  for (const other of others) await kubectl('apply', '--server-side', '-k', join(deploy, other));
}

/** With one account of the namespace zen-flow, and no other rights. */
export async function writeFlowKubeconfig(controlPlane: ControlPlane, account: string): Promise<string> {
  const { url, caFile, directory, kubectl } = controlPlane;
  const token = (await kubectl('--namespace', 'zen-flow', 'create', 'token', account)).trim();
  const file = join(directory, `${account}.kubeconfig`);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'own', cluster: { server: url, 'certificate-authority': caFile } }],
    users: [{ name: 'own', user: { token } }],
    contexts: [{ name: 'own', context: { cluster: 'own', user: 'own', namespace: 'zen-flow' } }],
    'current-context': 'own',
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

export interface FlowStory extends Namespace {
  apply(spec: object): Promise<void>;
  patch(patch: object): Promise<unknown>;
  states(): Promise<Readonly<Record<string, string>>>;
  untilPhase(phase: string): Promise<void>;
  /** `a/1`, sorted. */
  jobs(): Promise<readonly string[]>;
}

export async function aFlowStory(controlPlane: ControlPlane, name: string): Promise<FlowStory> {
  const namespace = await createNamespace(controlPlane, name);
  const flows = `/apis/workflow.kube-zen.io/v1alpha1/namespaces/${namespace.name}/jobflows`;
  const { request } = namespace;
  const states = async (): Promise<Readonly<Record<string, string>>> => {
    const { status } = parseJobFlow(await request('GET', `${flows}/nightly`));
    const text = (phase: string, reason: string | null) => (reason === null ? phase : `${phase} ${reason}`);
    return {
      flow: text(status?.phase ?? 'none', status?.reason ?? null),
      ...Object.fromEntries((status?.steps ?? []).map((step) => [step.name, text(step.phase, step.reason)])),
    };
  };
  return {
    ...namespace,
    async apply(spec) {
      const flow = { apiVersion: API_VERSION, kind: 'JobFlow', metadata: { name: 'nightly' }, spec };
      await request('POST', `${flows}?fieldValidation=Strict`, flow);
    },
    patch: (patch) => request('PATCH', `${flows}/nightly`, patch),
    states,
    untilPhase: (phase) =>
      expect.poll(async () => (await states())['flow']?.split(' ')[0], { timeout: 60_000 }).toBe(phase),
    async jobs() {
      const labels = String.raw`{range .items[*]}{.metadata.labels.workflow\.kube-zen\.io/step}/{.metadata.labels.workflow\.kube-zen\.io/attempt}{"\n"}{end}`;
      const text = await namespace.kubectl('get', 'jobs', '-o', `jsonpath=${labels}`);
      return text
        .split('\n')
        .filter((line) => line !== '')
        .sort();
    },
  };
}
