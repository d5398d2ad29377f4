/**
 * Holds what the stories about flows on a real API server share: a namespace with one flow, and a
 * kubeconfig of an account that deploy/flow gives rights to.
 */

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, vi } from 'vitest';
import { parseJobFlow } from '../../../lib/flow/objects/parseJobFlow.ts';
import { API_VERSION } from '../../../lib/flow/state/names.ts';
import { createNamespace, type Namespace } from './createNamespace.ts';
import type { ControlPlane } from './startControlPlane.ts';

const deploy = resolve(import.meta.dirname, '../../../deploy/flow');

/** Applies the kinds of zen-flow, and what else of deploy/flow is named. */
export async function applyFlowKinds({ kubectl }: ControlPlane, ...others: readonly string[]): Promise<void> {
  await kubectl('apply', '--server-side', '-k', join(deploy, 'crds'));
  // `kubectl wait` fails on an object that has no conditions yet.
  const established = 'jsonpath={.items[*].status.conditions[?(@.type=="Established")].status}';
  const areEstablished = async () => expect(await kubectl('get', 'crd', '-o', established)).toMatch(/^True( True)+$/);
  await vi.waitFor(areEstablished, { timeout: 20_000, interval: 200 });
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
  /** Creates flow `nightly`, which the others mean where they name none. */
  apply(spec: object): Promise<void>;
  applyAs(name: string, spec: object): Promise<void>;
  patch(patch: object): Promise<unknown>;
  states(name?: string): Promise<Readonly<Record<string, string>>>;
  untilPhase(phase: string, name?: string): Promise<void>;
  /** `a/1`, sorted. */
  jobs(): Promise<readonly string[]>;
}

/** How many stories have had that name. One that is tried again needs a namespace of its own. */
const tries = new Map<string, number>();

export async function aFlowStory(controlPlane: ControlPlane, name: string): Promise<FlowStory> {
  const before = tries.get(name) ?? 0;
  tries.set(name, before + 1);
  const namespace = await createNamespace(controlPlane, before === 0 ? name : `${name}-${before + 1}`);
  const flows = `/apis/workflow.kube-zen.io/v1alpha1/namespaces/${namespace.name}/jobflows`;
  const { request } = namespace;
  const applyAs = async (flow: string, spec: object): Promise<void> => {
    const object = { apiVersion: API_VERSION, kind: 'JobFlow', metadata: { name: flow }, spec };
    await request('POST', `${flows}?fieldValidation=Strict`, object);
  };
  const states = async (flow = 'nightly'): Promise<Readonly<Record<string, string>>> => {
    const { status } = parseJobFlow(await request('GET', `${flows}/${flow}`));
    const text = (phase: string, reason: string | null) => (reason === null ? phase : `${phase} ${reason}`);
    return {
      flow: text(status?.phase ?? 'none', status?.reason ?? null),
      ...Object.fromEntries((status?.steps ?? []).map((step) => [step.name, text(step.phase, step.reason)])),
    };
  };
  return {
    ...namespace,
    apply: (spec) => applyAs('nightly', spec),
    applyAs,
    patch: (patch) => request('PATCH', `${flows}/nightly`, patch),
    states,
    untilPhase: (phase, flow) =>
      expect.poll(async () => (await states(flow))['flow']?.split(' ')[0], { timeout: 60_000 }).toBe(phase),
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
