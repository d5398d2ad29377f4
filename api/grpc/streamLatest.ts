/**
 * streamLatest: hands changes to one reader, the newest of each kind.
 *
 * Guarantees: what waits for a slow reader is one message a key, however many changes come. A
 * message after 15 s without one keeps proxies from closing a quiet stream. Whatever ends the
 * stream, its source is closed.
 */

import { HEARTBEAT_MS } from '../heartbeatWheel.ts';

export interface LatestSink<Message> {
  /** A later message of the same key takes the place of one that was not read. */
  put(key: string, message: Message): void;
  /** Ends the stream after what was put. */
  end(): void;
  fail(error: unknown): void;
}

export async function* streamLatest<Message>(
  open: (sink: LatestSink<Message>) => () => void,
  heartbeat: () => Message | null,
  signal: AbortSignal,
): AsyncGenerator<Message, void, void> {
  const unread = new Map<string, Message>();
  let failure: { readonly error: unknown } | null = null;
  let isOver = false;
  let wake = (): void => {};
  const close = open({
    put(key, message) {
      unread.set(key, message);
      wake();
    },
    end() {
      isOver = true;
      wake();
    },
    fail(error) {
      failure = { error };
      wake();
    },
  });
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    while (!signal.aborted) {
      for (const [key, message] of unread) {
        unread.delete(key);
        yield message;
      }
      if (unread.size > 0) continue;
      if (failure !== null) throw (failure as { readonly error: unknown }).error;
      if (isOver) return;
      const isQuiet = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(true), HEARTBEAT_MS);
        wake = () => {
          clearTimeout(timer);
          resolve(false);
        };
        if (signal.aborted) wake();
      });
      wake = () => {};
      const message = isQuiet ? heartbeat() : null;
      if (message !== null) yield message;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    close();
  }
}
