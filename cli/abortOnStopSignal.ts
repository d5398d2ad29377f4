/**
 * The AbortSignal of a command that people type: Ctrl-C ends its waiting, and what it has begun is finished or undone.
 */

import { waitForStopSignal } from './stopSignal.ts';

export function abortOnStopSignal(): AbortSignal {
  const stop = new AbortController();
  void waitForStopSignal().then(() => stop.abort());
  return stop.signal;
}
