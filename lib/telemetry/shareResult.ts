/**
 * Shares one computation among all who ask for it at about the same time.
 *
 * Guarantees: `compute` never runs twice at once. A result is handed out until it is `lifetimeMs`
 * old, counted from when its computation began. A failure is handed to those who wait, and is not
 * kept.
 */

/** `now`: monotonic milliseconds. */
export function shareResult<Result>(
  lifetimeMs: number,
  compute: () => Promise<Result>,
  now: () => number = () => performance.now(),
): () => Promise<Result> {
  let shared: { readonly startedAt: number; readonly result: Promise<Result> } | null = null;
  let isRunning = false;
  return () => {
    if (shared !== null && (isRunning || now() - shared.startedAt < lifetimeMs)) return shared.result;
    isRunning = true;
    const result = compute().finally(() => {
      isRunning = false;
    });
    const mine = { startedAt: now(), result };
    shared = mine;
    result.catch(() => {
      if (shared === mine) shared = null;
    });
    return result;
  };
}
