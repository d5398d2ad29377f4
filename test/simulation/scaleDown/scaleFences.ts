/**
 * scaleFences: takes the protections of scale-down away, one each, by what a function is given
 * instead of its API. The second look at the slice is not among them: without it a function that
 * acts within its 0.8 s is hardly ever wrong (test/unit/functions/scaleDown/scaler.test.ts).
 */

import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { mergePatch } from '../kubeObject.ts';
import type { ScaleFence } from './runScaleDown.ts';

export interface RemovedScaleFence {
  readonly name: string;
  readonly fence: ScaleFence;
  /** How the violations begin that show it. */
  readonly noticedBy: readonly string[];
  /** Tried first. */
  readonly knownSeed: number;
}

type Patch = KubeApi['mergePatch'];

const patching =
  (patchBy: (patch: Patch) => Patch) =>
  (api: KubeApi): KubeApi => ({ ...api, mergePatch: patchBy(api.mergePatch) });

/** The number of another client is overwritten. */
const withoutVersion = patching((patch) => (resource, namespace, name, body, signal) => {
  if (resource.subresource !== 'scale') return patch(resource, namespace, name, body, signal);
  const { metadata, ...rest } = Object(body);
  return patch(resource, namespace, name, { ...rest, metadata: { uid: metadata.uid } }, signal);
});

/** The workload is taken for what it was when it was read first. */
function withoutFreshWorkload(api: KubeApi): KubeApi {
  const read = new Map<string, unknown>();
  return {
    ...api,
    async get(resource, namespace, name, signal) {
      if (resource.plural !== 'deployments' && resource.plural !== 'statefulsets')
        return api.get(resource, namespace, name, signal);
      const object = read.get(name) ?? (await api.get(resource, namespace, name, signal));
      read.set(name, object);
      return object;
    },
  };
}

/** Pods are as they were when they were listed for the first time. */
function withoutFreshPods(api: KubeApi): KubeApi {
  const listed = new Map<string, Awaited<ReturnType<KubeApi['list']>>>();
  return {
    ...api,
    async list(resource, namespace, query, signal) {
      const key = `${resource.plural} ${query.labelSelector} ${query.continue}`;
      const page =
        (resource.plural === 'pods' && listed.get(key)) || (await api.list(resource, namespace, query, signal));
      listed.set(key, page);
      return page;
    },
  };
}

/** As if the order of the ReplicaSet controller were the age of the pods. */
const withoutOrder = (api: KubeApi): KubeApi => ({
  ...api,
  async list(resource, namespace, query, signal) {
    const page = await api.list(resource, namespace, query, signal);
    if (resource.plural !== 'pods') return page;
    const items = page.items.map((pod) =>
      mergePatch(pod, { spec: { nodeName: 'node' }, metadata: { annotations: null } }),
    );
    return { ...page, items } as typeof page;
  },
});

export const scaleFences: readonly RemovedScaleFence[] = [
  {
    name: 'the version of the workload',
    fence: { wrapApi: withoutVersion, strike: 'scale' },
    noticedBy: ['D'],
    knownSeed: 28,
  },
  { name: 'a fresh read of the workload', fence: { wrapApi: withoutFreshWorkload }, noticedBy: ['D3'], knownSeed: 3 },
  { name: 'a fresh list of the pods', fence: { wrapApi: withoutFreshPods }, noticedBy: ['D2'], knownSeed: 29 },
  { name: 'the order of the controller', fence: { wrapApi: withoutOrder }, noticedBy: ['D2'], knownSeed: 15 },
];
