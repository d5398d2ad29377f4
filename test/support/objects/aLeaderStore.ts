/** Makes the store of the bridge, with what the reflectors write to. */

import { affected, type LeaderChange } from '../../../bridge/leaders/affected.ts';
import { createLeaderStore, type LeaderStore } from '../../../bridge/leaders/leaderStore.ts';
import type { ReflectorStore } from '../../../bridge/watch/reflectorStore.ts';
import type { PodView, ServiceView, SliceView } from '../../../lib/selection/snapshot.ts';
import { T0 } from './builders.ts';

export interface FilledStore {
  readonly store: LeaderStore;
  readonly pods: ReflectorStore<PodView>;
  readonly services: ReflectorStore<ServiceView>;
  readonly ourSlices: ReflectorStore<SliceView>;
  readonly foreignSlices: ReflectorStore<SliceView>;
  /** What it reported since the last call. */
  changes(): readonly LeaderChange[];
  /** The concerns of what it reported since the last call, each as of its change. */
  concerns(): ReturnType<typeof affected>;
}

export function aLeaderStore(now: () => number = () => T0): FilledStore {
  const store = createLeaderStore(now);
  const changes: LeaderChange[] = [];
  const concerns: ReturnType<typeof affected>[number][] = [];
  const onChange = (seen: LeaderChange): void => {
    changes.push(seen);
    const { namespace } = 'source' in seen.change ? seen.change.source : seen.change.object;
    concerns.push(...affected(seen, store.namespace(namespace), now()));
  };
  return {
    store,
    pods: store.pods(undefined, (change) => onChange({ of: 'Pod', change })),
    services: store.services(undefined, (change) => onChange({ of: 'Service', change })),
    ourSlices: store.ourSlices(undefined, (change) => onChange({ of: 'EndpointSlice', change })),
    foreignSlices: store.foreignSlices(undefined, (change) => onChange({ of: 'EndpointSlice', change })),
    changes: () => changes.splice(0),
    concerns: () => concerns.splice(0),
  };
}
