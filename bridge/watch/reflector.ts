/**
 * Reflector: keeps what the API server has of one resource, in one namespace or all, and tells every change. The first
 * station of the bridge; one for Pods, one for Services, two for EndpointSlices (ours in full, everyone else's as metadata).
 *
 * Guarantees:
 * - List, then watch from the list's version, for ever, until closed. No change is lost: what a watch missed, the next LIST tells.
 * - A LIST is taken in whole before its first change is told: `objects` and `revision()` already show what `onChange` and
 *   `onRevision` are told about. `onRevision` comes after all changes of that revision: whoever acts on the state starts there,
 *   because between two changes of one LIST an index built from them is half old, half new.
 * - Waiting times are bounded, jittered, and honour Retry-After; see reflectorTuning.ts and nextStep.ts.
 * - A watch is resumed as watchLoop.ts says.
 * - A callback that throws stops the reflector and ends the process through `onFatal`: after a change that was told only half, the
 *   store is wrong for good, and a restart is the one thing that heals it. So does any error that is not a ZenLeadError.
 * Not guaranteed: that every state in between is told (a LIST sees the last one), or that a change is told only once.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */

import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { type Collection, listAll } from '../../lib/kube/listAll.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { backoffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { sleep } from '../sleep.ts';
import type { RelistReason } from './nextStep.ts';
import type { ObjectChange, ReflectedObject } from './objectChange.ts';
import { createReflectedObjects } from './reflectedObjects.ts';
import { type ReflectorTuning, reflectorTuning } from './reflectorTuning.ts';
import { retryUntilAnswered } from './retryUntilAnswered.ts';
import { createWatchLoop } from './watchLoop.ts';
import { createWatchTrust } from './watchTrust.ts';

export type { ObjectChange, ReflectedObject } from './objectChange.ts';

export interface ReflectorOptions<T> extends Collection {
  /** For logs and metrics: `pods`, `endpointslices (foreign)`. */
  readonly name: string;
  readonly api: KubeApi;
  /** Throws `INPUT_INVALID`; reflectedObjects.ts says what happens then. */
  readonly project: (input: unknown) => T;
  readonly onChange: (change: ObjectChange<T>) => void;
  /** Once, after the first LIST's changes. */
  readonly onSynced: () => void;
  readonly onRevision?: (resourceVersion: string) => void;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'relists' | 'watchEvents'>;
  readonly tuning?: Partial<ReflectorTuning>;
  /** Default: thrown outside any promise, which ends the process. */
  readonly onFatal?: (error: unknown) => void;
}

export interface Reflector<T> {
  /** By `<namespace>/<name>`. */
  readonly objects: ReadonlyMap<string, T>;
  /** The version that `objects` are of; null before the first LIST. It can go down: a restored etcd starts lower. */
  revision(): string | null;
  isSynced(): boolean;
  /** Epoch milliseconds of the last line, bookmark or LIST. */
  lastHeardAt(): number;
  /** Nothing may be decided on `objects`: not listed yet, or trust is lost (watchTrust.ts). */
  isStale(): boolean;
  /** Keys of objects whose present state cannot be read; their last readable view is in `objects`, if there was one. */
  unreadable(): ReadonlySet<string>;
  /** No callback comes after this has resolved. */
  close(): Promise<void>;
}

export function startReflector<T extends ReflectedObject>(options: ReflectorOptions<T>): Reflector<T> {
  const { name, api, clock, random, log, metrics } = options;
  const tuning = { ...reflectorTuning, ...options.tuning };
  const closing = new AbortController();
  const trust = createWatchTrust(tuning, clock.now());
  const retrying = { name, clock, random, log, tuning };
  let revision: string | null = null;
  let isSynced = false;

  const known = createReflectedObjects(options.project, ({ key, error, isFirst }) => {
    metrics.watchEvents.inc({ resource: name, type: 'UNREADABLE' });
    if (isFirst)
      log.error({ reflector: name, object: key, path: error.path, error: error.message }, 'unreadable object');
  });

  function tell(changes: readonly ObjectChange<T>[], resourceVersion: string): void {
    revision = resourceVersion;
    try {
      for (const change of changes) options.onChange(change);
      options.onRevision?.(resourceVersion);
    } catch (cause) {
      throw new Error(`reflector ${name}: a callback failed, what follows from the change is unknown`, { cause });
    }
  }

  async function list(reason: RelistReason): Promise<void> {
    let reading = known.startList();
    const begin = () => {
      reading = known.startList();
      return reading.add;
    };
    const askedAt = clock.now();
    // From the future: the server has not reached it, and would wait for it in vain.
    const notOlderThan = reason === 'version_too_large' ? null : revision;
    const resourceVersion = await listAll(api, options, { notOlderThan, begin }, closing.signal);
    trust.listed(askedAt, clock.now());
    if (isSynced) metrics.relists.inc({ resource: name, reason });
    tell(reading.finish(), resourceVersion);
    if (isSynced) return;
    isSynced = true;
    options.onSynced();
  }

  const watchLoop = createWatchLoop({
    ...retrying,
    api,
    collection: options,
    trust,
    take(event) {
      metrics.watchEvents.inc({ resource: name, type: event.kind });
      tell(event.kind === 'bookmark' ? [] : known.apply(event.kind, event.object), event.resourceVersion);
    },
    onFault: fail,
    closing: closing.signal,
  });

  async function run(): Promise<void> {
    let listsInARow = 0;
    for (let reason: RelistReason | null = 'first'; reason !== null; ) {
      const why = reason;
      await retryUntilAnswered('list', () => list(why), retrying, closing.signal);
      if (revision === null || closing.signal.aborted) return;
      const listedAt = clock.now();
      reason = await watchLoop.untilRelist(revision);
      listsInARow = clock.now() - listedAt > tuning.steadyMs ? 0 : listsInARow + 1;
      // The first relist comes at once. One after another means that the watch, or an object, is broken: lists are dear.
      if (listsInARow > 1) await sleep(clock, backoffMs(listsInARow - 1, tuning.relist, random()), closing.signal);
      if (reason !== null) log.info({ reflector: name, reason }, 'listing again');
    }
  }

  let cancelTick = clock.setTimer(tick, tuning.tickMs);
  function tick(): void {
    const verdict = trust.tick(clock.now());
    if (verdict !== 'fine') watchLoop.interrupt(verdict);
    cancelTick = clock.setTimer(tick, tuning.tickMs);
  }

  function fail(error: unknown): void {
    cancelTick();
    closing.abort();
    (options.onFatal ?? throwOutside)(error);
  }
  const running = run().catch(fail);

  return {
    get objects() {
      return known.byKey;
    },
    revision: () => revision,
    isSynced: () => isSynced,
    lastHeardAt: () => trust.lastHeardAt(),
    isStale: () => !isSynced || closing.signal.aborted || trust.isStale(clock.now()),
    unreadable: () => known.unreadable,
    async close() {
      cancelTick();
      closing.abort();
      await running;
    },
  };
}

function throwOutside(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
