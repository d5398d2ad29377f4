/**
 * startOptionalWatch: watches one kind of object where the API server allows it.
 *
 * It asks first, so that a refusal is one log line and no failing watch. It asks again with a
 * backoff, because a Role may be granted, or be there before the authorizer knows of it.
 *
 * Guarantees: nothing else waits for it. `onRefused` comes once a refusal.
 */

import { codeOf } from '../../lib/errors.ts';
import type { KubeApi, Resource } from '../../lib/kube/kubeApi.ts';
import { type BackoffBounds, backoffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { sleep } from '../sleep.ts';
import type { Reflector } from '../watch/reflector.ts';

export interface OptionalWatch {
  /** Null while it is not allowed, or not started yet. */
  reflector(): Reflector | null;
  /** What the API server said, where it does not allow it. */
  refusal(): string | null;
  /** It has answered for the first time, or this was closed. */
  readonly asked: Promise<void>;
  close(): Promise<void>;
}

interface OptionalWatchOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  readonly resource: Resource;
  readonly namespace: string | undefined;
  start(): Reflector;
  onRefused(why: string): void;
}

/**
 * From a second, which an authorizer takes to hear of a new Role. Up to a minute, because each
 * refusal is a line in an audit log.
 */
const REFUSED_RETRY: BackoffBounds = { minMs: 1_000, maxMs: 60_000 };
const FAILED_RETRY_MS = 5_000;

export function startOptionalWatch(options: OptionalWatchOptions): OptionalWatch {
  const { api, clock, random, resource, namespace } = options;
  const closing = new AbortController();
  let reflector: Reflector | null = null;
  let refusal: string | null = null;
  let refusals = 0;
  const asked = Promise.withResolvers<void>();

  /** Null where it may be watched, else how long to wait. */
  async function ask(): Promise<number | null> {
    try {
      await api.list(resource, namespace, { limit: 1, metadataOnly: true }, closing.signal);
      refusal = null;
      return null;
    } catch (error) {
      if (closing.signal.aborted || codeOf(error) !== 'KUBE_FORBIDDEN') return FAILED_RETRY_MS;
      const why = error instanceof Error ? error.message : String(error);
      if (refusal === null) options.onRefused(why);
      refusal = why;
      refusals += 1;
      asked.resolve();
      return backoffMs(refusals, REFUSED_RETRY, random());
    }
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      const waitMs = await ask();
      if (closing.signal.aborted) return;
      if (waitMs === null) {
        asked.resolve();
        reflector = options.start();
        return;
      }
      await sleep(clock, waitMs, closing.signal);
    }
  }
  const running = run();

  return {
    reflector: () => reflector,
    refusal: () => refusal,
    asked: asked.promise,
    async close() {
      closing.abort();
      asked.resolve();
      await running;
      await reflector?.close();
    },
  };
}
