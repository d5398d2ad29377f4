/**
 * lastingLines: a watch that is opened again when the API server ends it, which it does to a reader
 * that falls behind. What exists then comes once more.
 *
 * Source: `forceClose` in kubernetes v1.35.4, apiserver/pkg/storage/cacher/cache_watcher.go.
 */

import { watchLines } from '../test/support/controlPlane/watchLines.ts';

type Server = Parameters<typeof watchLines>[0];

/** `path` as for `watchLines`. Ends when the signal is aborted. */
export async function* lastingLines(server: Server, path: string, signal: AbortSignal): AsyncGenerator<unknown> {
  while (!signal.aborted) {
    yield* await watchLines(server, path, signal);
    if (!signal.aborted) console.log(`bench: the API server ended the watch of ${path}, and it is opened again`);
  }
}
