/**
 * Creates the Kubernetes API without HTTP: store, kinds, verbs in process, and the two controllers.
 *
 * A simulation uses it as it is; `startApiServer` serves it.
 *
 * Guarantees: nothing here depends on the clock or on chance when `now`, `newUid` and `schedule`
 * are given.
 * Does not guarantee that of `generateName`, which stays random.
 */

import { randomUUID } from 'node:crypto';
import type { ApiState } from './apiState.ts';
import { collectGarbage } from './controllers/collectGarbage.ts';
import { emptyNamespaces } from './controllers/emptyNamespaces.ts';
import { followDefinitions } from './custom/definedKinds.ts';
import { coreKinds } from './kinds/coreKinds.ts';
import { groupKinds } from './kinds/groupKinds.ts';
import { createObjects, type Objects } from './objects.ts';
import { createStore } from './revisionStore.ts';
import { createServiceAddresses } from './serviceAddresses.ts';

export interface ApiOptions {
  /** Epoch milliseconds, for metadata and ages. */
  readonly now?: () => number;
  readonly newUid?: () => string;
  /**
   * Runs what a controller does after a change. By default that is the next turn of the event loop;
   * never at once.
   */
  readonly schedule?: (run: () => void) => void;
  /** Changes kept per resource; a watch from an older revision gets 410. */
  readonly historyLimit?: number;
}

interface Api {
  readonly state: ApiState;
  readonly objects: Objects;
  /** Stops the controllers. */
  readonly close: () => void;
}

/**
 * 10,000 changes of about 1 KiB are 10 MiB a resource: an hour and a half at two changes a second.
 */
const defaultHistoryLimit = 10_000;
const firstNamespaces = ['default', 'kube-system', 'kube-public'];

export function createApi(options: ApiOptions = {}): Api {
  const store = createStore(options.historyLimit ?? defaultHistoryLimit);
  const schedule = options.schedule ?? setImmediate;
  const defined = followDefinitions(store, [...coreKinds, ...groupKinds], schedule);
  const state: ApiState = {
    get kinds() {
      return defined.kinds();
    },
    store,
    addresses: createServiceAddresses(store),
    now: options.now ?? Date.now,
    newUid: options.newUid ?? randomUUID,
  };
  const stops = [collectGarbage(state, schedule), emptyNamespaces(state, schedule), defined.close];
  const objects = createObjects(state);
  for (const name of firstNamespaces) objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return {
    state,
    objects,
    close() {
      for (const stop of stops) stop();
    },
  };
}
