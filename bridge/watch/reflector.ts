/**
 * Reflector: keeps a store in step with what the API server has of one resource, in one namespace
 * or all.
 *
 * Guarantees:
 * - List, then watch from the list's version, for ever, until closed. No change is lost: what a
 *   watch missed, the next LIST replaces.
 * - The store gets a LIST whole, after its last page. `revision()` is already the version of what
 *   the store is given.
 * - `onRevision` comes after all steps of that revision. Act on the state there: during a LIST the
 *   store is half old, half new.
 * - Waiting times are bounded, jittered, and honour Retry-After; see reflectorTuning.ts and
 *   nextStep.ts.
 * - A watch is resumed as watchLoop.ts says.
 * - A store or callback that throws stops the reflector and ends the process through `onFatal`, and
 *   so does any error that is not a ZenLeadError. After half a step the store is wrong for good,
 *   and a restart is the one thing that heals it.
 * Does not guarantee that the store sees every state in between (a LIST has the last one), or each
 * state only once.
 * Source:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */

import type { ZenLeadError } from '../../lib/errors.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { type Collection, listAll } from '../../lib/kube/listAll.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { noTracing, type Tracing } from '../../lib/telemetry/tracing.ts';
import { backoffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { sleep } from '../sleep.ts';
import type { RelistReason } from './nextStep.ts';
import { createObjectReader, type StoreStep } from './objectReader.ts';
import type { Differences, ObjectIdentity, ReflectorStore } from './reflectorStore.ts';
import { type ReflectorTuning, reflectorTuning } from './reflectorTuning.ts';
import { retryUntilAnswered } from './retryUntilAnswered.ts';
import { createWatchLoop } from './watchLoop.ts';
import { createWatchTrust, type Gap } from './watchTrust.ts';

export interface ReflectorOptions<T> extends Collection {
  /** For logs and metrics: `pods`, `endpointslices (foreign)`. */
  readonly name: string;
  readonly api: KubeApi;
  /** Throws `INPUT_INVALID`; objectReader.ts says what happens then. */
  readonly project: (input: unknown) => T;
  readonly store: ReflectorStore<T>;
  /** Once, after the first LIST. */
  readonly onSynced: () => void;
  readonly onRevision?: (resourceVersion: string) => void;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'relists' | 'missedEvents' | 'watchEvents' | 'cacheUpdateSeconds'>;
  readonly tracing?: Pick<Tracing, 'span'> | undefined;
  readonly tuning?: Partial<ReflectorTuning>;
  /** Default: thrown outside any promise, which ends the process. */
  readonly onFatal?: (error: unknown) => void;
}

export interface Reflector {
  /**
   * The version that the store is of; null before the first LIST. It can go down: a restored etcd
   * starts lower.
   */
  revision(): string | null;
  isSynced(): boolean;
  /**
   * What the API server said, where it answered the last request with 403; null where it did not.
   * It is asked for as long as that takes: a Role may be granted.
   */
  refusal(): string | null;
  /** When the last line, bookmark or LIST came, on the monotonic clock. */
  lastHeardAt(): number;
  /** When no watch was open, the last time, on the same clock; until now where none is. */
  lastGap(): Gap;
  /** Nothing may be decided on the store: not listed yet, or trust is lost (watchTrust.ts). */
  isStale(): boolean;
  /**
   * Keys of objects whose present state cannot be read; the store has their last readable view, if
   * there was one.
   */
  unreadable(): ReadonlySet<string>;
  /** No callback comes after this has resolved. */
  close(): Promise<void>;
}

export function startReflector<T extends ObjectIdentity>(options: ReflectorOptions<T>): Reflector {
  const { name, api, store, clock, random, log, metrics, tracing = noTracing } = options;
  const tuning = { ...reflectorTuning, ...options.tuning };
  const closing = new AbortController();
  const trust = createWatchTrust(tuning, clock.monotonic());
  let revision: string | null = null;
  let isSynced = false;
  let refusal: string | null = null;
  const onAnswer = (error: ZenLeadError | null): void => {
    refusal = error?.code === 'KUBE_FORBIDDEN' ? error.message : null;
  };
  const retrying = { name, clock, random, log, tuning, onAnswer };

  const reader = createObjectReader(options.project, ({ key, error, isFirst }) => {
    metrics.watchEvents.inc({ resource: name, type: 'UNREADABLE' });
    if (isFirst)
      log.error({ reflector: name, object: key, path: error.path, error: error.message }, 'unreadable object');
  });

  function take(step: StoreStep<T> | null, resourceVersion: string): void {
    revision = resourceVersion;
    try {
      if (step?.kind === 'replaced') countMissed(store.replace(step.objects, step.unreadable));
      else if (step !== null) applyStep(store, step);
      options.onRevision?.(resourceVersion);
    } catch (cause) {
      throw new Error(`reflector ${name}: a callback failed, what follows from the change is unknown`, { cause });
    }
  }

  /** What a relist found and no watch line had told. The first list has no watch before it. */
  function countMissed(differences: Differences): void {
    if (!isSynced) return;
    for (const [type, count] of Object.entries(differences))
      if (count > 0) metrics.missedEvents.inc({ resource: name, type }, count);
  }

  async function list(reason: RelistReason): Promise<void> {
    const askedAt = clock.monotonic();
    const { step, resourceVersion, traceparent } = await readAll(reason);
    trust.listed(askedAt, clock.monotonic());
    if (isSynced) metrics.relists.inc({ resource: name, reason });
    const storedAt = clock.now();
    // Outside of a span: what begins here, such as the Lease, would stay inside it for good.
    take(step, resourceVersion);
    tracing.span('store', { parent: traceparent, startAt: storedAt, attributes: { resource: name } }, () => undefined);
    metrics.cacheUpdateSeconds.observe({ resource: name }, (clock.monotonic() - askedAt) / 1_000);
    if (isSynced) return;
    isSynced = true;
    options.onSynced();
  }

  /** A trace of its own, because a list belongs to no change. */
  function readAll(reason: RelistReason) {
    return tracing.span('relist', { attributes: { resource: name, reason } }, async (span) => {
      let reading = reader.startList();
      const begin = () => {
        reading = reader.startList();
        return reading.add;
      };
      // From the future: the server has not reached it, and would wait for it in vain.
      const notOlderThan = reason === 'version_too_large' ? null : revision;
      const resourceVersion = await listAll(api, options, { notOlderThan, begin }, closing.signal);
      const step = reading.finish();
      span.set({ objects: step.kind === 'replaced' ? step.objects.length : 0 });
      return { step, resourceVersion, traceparent: span.traceparent() };
    });
  }

  const watchLoop = createWatchLoop({
    ...retrying,
    api,
    collection: options,
    trust,
    take(event) {
      metrics.watchEvents.inc({ resource: name, type: event.kind });
      take(event.kind === 'bookmark' ? null : reader.readLine(event.kind, event.object), event.resourceVersion);
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
      const listedAt = clock.monotonic();
      reason = await watchLoop.untilRelist(revision);
      listsInARow = clock.monotonic() - listedAt > tuning.steadyMs ? 0 : listsInARow + 1;
      // The first relist comes at once. One after another means that the watch, or an object, is
      // broken: lists are dear.
      if (listsInARow > 1) await sleep(clock, backoffMs(listsInARow - 1, tuning.relist, random()), closing.signal);
      if (reason !== null) log.info({ reflector: name, reason }, 'listing again');
    }
  }

  let cancelTick = clock.setTimer(tick, tuning.tickMs);
  function tick(): void {
    const verdict = trust.tick(clock.monotonic());
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
    revision: () => revision,
    isSynced: () => isSynced,
    refusal: () => refusal,
    lastHeardAt: () => trust.lastHeardAt(),
    lastGap: () => trust.lastGap(clock.monotonic()),
    isStale: () => !isSynced || closing.signal.aborted || trust.isStale(clock.monotonic()),
    unreadable: reader.unreadable,
    async close() {
      cancelTick();
      closing.abort();
      await running;
    },
  };
}

function applyStep<T>(store: ReflectorStore<T>, step: Exclude<StoreStep<T>, { kind: 'replaced' }>): void {
  if (step.kind === 'deleted') store.delete(step.identity);
  else if (step.kind === 'added') store.add(step.object);
  else store.update(step.object);
}

function throwOutside(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
