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
 * - A callback that throws stops the reflector and ends the process through `onFatal`: after a change that was told only half, the
 *   store is wrong for good, and a restart is the one thing that heals it. So does any error that is not a ZenLeadError.
 * Not guaranteed: that every state in between is told (a LIST sees the last one), or that a change is told only once.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */

import { ZenLeadError } from '../lib/errors.ts';
import type { KubeApi } from '../lib/kube/kubeApi.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { backoffMs } from './backoff.ts';
import type { Clock } from './clock.ts';
import { listAll } from './listAll.ts';
import { chooseNextStep, type Interruption, type RelistReason, retryWaitMs, type WatchEnd } from './nextStep.ts';
import type { ObjectChange, ReflectedObject } from './objectChange.ts';
import { pause } from './pause.ts';
import { createReflectedObjects } from './reflectedObjects.ts';
import { type ReflectorTuning, reflectorTuning } from './reflectorTuning.ts';
import { watchOnce } from './watchOnce.ts';
import { type ReflectedResource, watchStream } from './watchStream.ts';
import { createWatchTrust } from './watchTrust.ts';

export type { ObjectChange, ReflectedObject } from './objectChange.ts';

export interface ReflectorOptions<T> extends ReflectedResource {
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
  let revision: string | null = null;
  let isSynced = false;
  let interruptWatch: ((reason: Interruption) => void) | null = null;

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
    const resourceVersion = await listAll(api, options, { notOlderThan: revision, begin }, closing.signal);
    trust.listed(askedAt, clock.now());
    if (isSynced) metrics.relists.inc({ resource: name, reason });
    tell(reading.finish(), resourceVersion);
    if (isSynced) return;
    isSynced = true;
    options.onSynced();
  }

  function watch(resourceVersion: string): Promise<WatchEnd> {
    const timeoutSeconds = Math.floor(tuning.watchMinSeconds * (1 + random()));
    return watchOnce({
      open: (signal, onOpen) =>
        watchStream(api, options, { resourceVersion, timeoutSeconds }, clock.now, signal, onOpen),
      take(event) {
        metrics.watchEvents.inc({ resource: name, type: event.kind });
        tell(event.kind === 'bookmark' ? [] : known.apply(event.kind, event.object), event.resourceVersion);
      },
      trust,
      now: clock.now,
      closing: closing.signal,
      onInterruptible: (interrupt) => {
        interruptWatch = interrupt;
      },
    });
  }

  async function listUntilDone(reason: RelistReason): Promise<void> {
    for (let failures = 1; !closing.signal.aborted; failures += 1) {
      try {
        await list(reason);
        return;
      } catch (error) {
        if (!(error instanceof ZenLeadError)) throw error;
        if (closing.signal.aborted) return;
        const waitMs = retryWaitMs(failures, error, tuning, random());
        const { code, message } = error;
        log[failures % tuning.failuresPerLog === 1 ? 'warn' : 'debug'](
          { reflector: name, code, error: message, failures, waitMs },
          'list failed',
        );
        await pause(clock, waitMs, closing.signal);
      }
    }
  }

  /** Null: closed. */
  async function watchUntilRelist(from: string): Promise<RelistReason | null> {
    for (let failures = 0; !closing.signal.aborted; ) {
      const end = await watch(revision ?? from);
      if (closing.signal.aborted) break;
      const isSilent = trust.tick(clock.now()) === 'silent';
      const step = chooseNextStep(end, { failures, isSilent }, tuning, random());
      if (end.kind === 'failed') {
        const { code, message } = end.error;
        const level = failures % tuning.failuresPerLog === 0 ? 'warn' : 'debug';
        log[level]({ reflector: name, code, error: message, step }, 'watch ended');
      }
      if (step.kind === 'relist') return step.reason;
      failures = step.failures;
      await pause(clock, step.waitMs, closing.signal);
    }
    return null;
  }

  async function run(): Promise<void> {
    let listsInARow = 0;
    for (let reason: RelistReason | null = 'first'; reason !== null; ) {
      await listUntilDone(reason);
      if (revision === null || closing.signal.aborted) return;
      const listedAt = clock.now();
      reason = await watchUntilRelist(revision);
      listsInARow = clock.now() - listedAt > tuning.steadyMs ? 0 : listsInARow + 1;
      // The first relist comes at once. One after another means that the watch, or an object, is broken: lists are dear.
      if (listsInARow > 1) await pause(clock, backoffMs(listsInARow - 1, tuning.relist, random()), closing.signal);
      if (reason !== null) log.info({ reflector: name, reason }, 'listing again');
    }
  }

  let cancelTick = clock.setTimer(tick, tuning.tickMs);
  function tick(): void {
    const verdict = trust.tick(clock.now());
    if (verdict !== 'fine') interruptWatch?.(verdict);
    cancelTick = clock.setTimer(tick, tuning.tickMs);
  }

  const running = run().catch((error) => {
    cancelTick();
    closing.abort();
    (options.onFatal ?? throwOutside)(error);
  });

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
