/**
 * createLargeBodies: bounds how many large answers are received at once.
 *
 * The first page of a LIST has 12 MiB and more where a tenant's pods are fat. Twenty of them at
 * once took the functions up to 431 MiB, past the memory that the manifests give them. What waits
 * here stays on the way: the API server writes no further.
 *
 * Guarantees: a body of `SMALL_BYTES` or less never waits. The larger ones go on in the order in
 * which they grew large.
 */

/** Some eighty ordinary pods. */
const SMALL_BYTES = 256 * 1024;
const AT_ONCE = 4;

/**
 * Reads a body to its end, and has `use` make something of its text before the next one goes on.
 * Rejects with the reason of the signal, and with what the body and `use` throw.
 */
export type ReadLarge = <Result>(
  body: AsyncIterable<Uint8Array>,
  use: (text: string) => Result,
  signal: AbortSignal,
) => Promise<Result>;

export function createLargeBodies(): ReadLarge {
  let free = AT_ONCE;
  const waiting = new Set<() => void>();

  /** Resolves once the body may go on. */
  async function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => {
      waiting.delete(resolve);
      reject(signal.reason);
    };
    waiting.add(resolve);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  function leave(): void {
    const [next] = waiting;
    if (next === undefined) {
      free += 1;
    } else {
      waiting.delete(next);
      next();
    }
  }

  return async (body, use, signal) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    let isLarge = false;
    try {
      for await (const chunk of body) {
        chunks.push(chunk);
        length += chunk.length;
        if (isLarge || length <= SMALL_BYTES) continue;
        await enter(signal);
        isLarge = true;
      }
      return use(Buffer.concat(chunks).toString());
    } finally {
      if (isLarge) leave();
    }
  };
}
