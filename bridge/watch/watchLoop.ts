/**
 * WatchLoop: watches one resource, and resumes from the last version for as long as that can be
 * done.
 *
 * Guarantees:
 * - Resumes at once where the server has only ended the request, and waits where it is in trouble
 *   (nextStep.ts).
 * - Checks that the server has the version that a watch is resumed from. The API server accepts a
 *   watch from the future, and stays silent on it until it has caught up. Trust is lost as soon as
 *   that is known, and the next step is a LIST.
 */

import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import type { Collection } from '../../lib/kube/listAll.ts';
import { sleep } from '../sleep.ts';
import { isFutureVersion } from './isFutureVersion.ts';
import { chooseNextStep, type Interruption, type RelistReason, type WatchEnd } from './nextStep.ts';
import { type RetryOptions, retryUntilAnswered } from './retryUntilAnswered.ts';
import { watchOnce } from './watchOnce.ts';
import { type WatchEvent, watchStream } from './watchStream.ts';
import type { WatchTrust } from './watchTrust.ts';

interface WatchLoopOptions extends RetryOptions {
  readonly api: KubeApi;
  readonly collection: Collection;
  readonly trust: WatchTrust;
  /** Throws `INPUT_INVALID` for an object that cannot be read. */
  readonly take: (event: WatchEvent) => void;
  /** A fault in our code, in what runs beside the watch. */
  readonly onFault: (error: unknown) => void;
  readonly closing: AbortSignal;
}

interface WatchLoop {
  /** From the version of a LIST. Null when it was closed. */
  untilRelist(from: string): Promise<RelistReason | null>;
  /** Ends the watch that is open; nothing where none is. */
  interrupt(reason: Interruption): void;
}

export function createWatchLoop(options: WatchLoopOptions): WatchLoop {
  const { api, collection, trust, closing, name, clock, random, log, tuning } = options;
  let at = '';
  let interrupt: ((reason: Interruption) => void) | null = null;

  async function check(resourceVersion: string, watching: AbortSignal): Promise<void> {
    const ask = () => isFutureVersion(api, collection, resourceVersion, watching);
    const isBehind = await retryUntilAnswered('check of the version', ask, options, watching);
    if (isBehind !== true || watching.aborted) return;
    trust.refuted(clock.monotonic());
    interrupt?.('version_too_large');
  }

  function watch(resourceVersion: string, isResumed: boolean): Promise<WatchEnd> {
    const timeoutSeconds = Math.floor(tuning.watchMinSeconds * (1 + random()));
    return watchOnce({
      open: (signal, onOpen) =>
        watchStream(api, collection, { resourceVersion, timeoutSeconds }, clock.now, signal, () => {
          onOpen();
          options.onAnswer(null);
          if (isResumed) check(resourceVersion, signal).catch(options.onFault);
        }),
      take(event) {
        options.take(event);
        at = event.resourceVersion;
      },
      trust,
      monotonic: clock.monotonic,
      closing,
      onInterruptible: (end) => {
        interrupt = end;
      },
    });
  }

  return {
    async untilRelist(from) {
      at = from;
      let isResumed = false;
      for (let failures = 0; !closing.aborted; isResumed = true) {
        const end = await watch(at, isResumed);
        if (closing.aborted) break;
        const isSilent = trust.tick(clock.monotonic()) === 'silent';
        const step = chooseNextStep(end, { failures, isSilent }, tuning, random());
        if (end.kind === 'failed') {
          options.onAnswer(end.error);
          const { code, message } = end.error;
          const level = failures % tuning.failuresPerLog === 0 ? 'warn' : 'debug';
          log[level]({ reflector: name, code, error: message, step }, 'watch ended');
        }
        if (step.kind === 'relist') return step.reason;
        failures = step.failures;
        await sleep(clock, step.waitMs, closing);
      }
      return null;
    },
    interrupt: (reason) => interrupt?.(reason),
  };
}
