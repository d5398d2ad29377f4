/**
 * watchOnce: makes one watch request, and reads it to its end, however that comes.
 *
 * Guarantees: never rejects with a ZenLeadError; what went wrong on the way is a `WatchEnd`. It
 * rethrows any other error: a fault in our code.
 */

import { ZenLeadError } from '../../lib/errors.ts';
import type { Interruption, WatchEnd } from './nextStep.ts';
import type { WatchEvent } from './watchStream.ts';
import type { WatchTrust } from './watchTrust.ts';

interface WatchRun {
  readonly open: (signal: AbortSignal, onOpen: () => void) => AsyncIterable<WatchEvent>;
  /** Throws `INPUT_INVALID` for an object that cannot be read. */
  readonly take: (event: WatchEvent) => void;
  readonly trust: WatchTrust;
  readonly monotonic: () => number;
  readonly closing: AbortSignal;
  /** Gets a way to end this watch for our own reason; null when it has ended. */
  readonly onInterruptible: (interrupt: ((reason: Interruption) => void) | null) => void;
}

export async function watchOnce({
  open,
  take,
  trust,
  monotonic,
  closing,
  onInterruptible,
}: WatchRun): Promise<WatchEnd> {
  const stop = new AbortController();
  const abort = () => stop.abort();
  let interruption: Interruption | null = null;
  let lines = 0;
  const startedAt = monotonic();
  closing.addEventListener('abort', abort, { once: true });
  onInterruptible((reason) => {
    interruption ??= reason;
    stop.abort();
  });
  try {
    for await (const event of open(stop.signal, () => trust.opened(monotonic()))) {
      // Lines of the chunk that was being read when we stopped: the LIST that follows has what they
      // would have brought.
      if (stop.signal.aborted) break;
      trust.heard(monotonic());
      take(event);
      lines += 1;
    }
  } catch (error) {
    if (!(error instanceof ZenLeadError)) throw error;
    if (interruption === null) return { kind: 'failed', lines, error };
  } finally {
    stop.abort();
    trust.cut(monotonic());
    onInterruptible(null);
    closing.removeEventListener('abort', abort);
  }
  if (interruption !== null) return { kind: 'interrupted', lines, reason: interruption };
  return { kind: 'closed', lines, livedMs: monotonic() - startedAt };
}
