/**
 * chooseNextStep: decides what a reflector does when a watch has ended: resume from the last
 * version, at once or after a while, or list again. Pure.
 *
 * The API server ends the watch of a client that reads too slowly, as it does every watch after its
 * timeoutSeconds. The server ends it cleanly, after it delivered something. Resuming at once is the
 * normal case, not an error (docs/architecture.md#bridge).
 */

import type { ZenLeadError } from '../../lib/errors.ts';
import { backoffMs } from '../backoff.ts';
import type { ReflectorTuning } from './reflectorTuning.ts';

/** `lines`: how many of them were taken in, bookmarks included. */
export type WatchEnd =
  | { readonly kind: 'closed'; readonly lines: number; readonly livedMs: number }
  | { readonly kind: 'failed'; readonly lines: number; readonly error: ZenLeadError }
  /**
   * We ended it: silent, not proven to be current after a gap, full of what is older than a freeze,
   * or from the future.
   */
  | { readonly kind: 'interrupted'; readonly lines: number; readonly reason: Interruption };

export type Interruption = 'silent' | 'unproven' | 'frozen' | 'version_too_large';

export type RelistReason =
  | 'first' // not a relist yet
  | 'gone' // 410: the version is too old
  | 'version_too_large' // etcd was restored: a 504 says so, or a LIST of one object
  | 'silent' // nothing heard for longer than a bookmark takes
  | 'unproven' // after a gap no line has proved that the watch is current
  | 'unreadable'; // an object, or the same line again and again, cannot be read

export type NextStep =
  | { readonly kind: 'relist'; readonly reason: RelistReason }
  | { readonly kind: 'resume'; readonly waitMs: number; readonly failures: number };

export interface Attempts {
  /** Watches in a row that failed or were empty, before this one. */
  readonly failures: number;
  /**
   * Nothing heard for `silentMs`, over however many attempts: the version may be from the future.
   */
  readonly isSilent: boolean;
}

export function chooseNextStep(end: WatchEnd, attempts: Attempts, tuning: ReflectorTuning, random: number): NextStep {
  if (end.kind === 'interrupted') {
    if (end.reason === 'frozen') return { kind: 'resume', waitMs: 0, failures: 0 };
    return { kind: 'relist', reason: end.reason };
  }
  if (attempts.isSilent) return { kind: 'relist', reason: 'silent' };
  const failures = end.lines > 0 ? 1 : attempts.failures + 1;
  const isSuspect = failures >= tuning.emptyWatchesBeforeRelist;

  if (end.kind === 'closed') {
    if (end.lines > 0) return resumeAtOnce(end.livedMs, attempts.failures, tuning, random);
    if (isSuspect) return { kind: 'relist', reason: 'silent' };
    return { kind: 'resume', waitMs: backoffMs(failures, tuning.retry, random), failures };
  }
  switch (end.error.code) {
    case 'KUBE_GONE':
      return { kind: 'relist', reason: 'gone' };
    case 'KUBE_VERSION_TOO_LARGE':
      return { kind: 'relist', reason: 'version_too_large' };
    case 'INPUT_INVALID':
      return { kind: 'relist', reason: 'unreadable' };
    case 'WATCH_BROKEN':
      if (isSuspect) return { kind: 'relist', reason: 'unreadable' };
      break;
  }
  return { kind: 'resume', waitMs: retryWaitMs(failures, end.error, tuning, random), failures };
}

/**
 * At once, also a few times in a row; but a proxy that cuts every watch after its first line must
 * not make us spin.
 */
function resumeAtOnce(livedMs: number, failuresBefore: number, tuning: ReflectorTuning, random: number): NextStep {
  if (livedMs >= tuning.quickCloseMs) return { kind: 'resume', waitMs: 0, failures: 0 };
  const failures = failuresBefore + 1;
  const excess = failures - tuning.emptyWatchesBeforeRelist;
  return { kind: 'resume', waitMs: excess > 0 ? backoffMs(excess, tuning.retry, random) : 0, failures };
}

/**
 * Not before Retry-After, and up to a quarter later: all reflectors of all replicas got the same
 * moment.
 */
export function retryWaitMs(failures: number, error: ZenLeadError, tuning: ReflectorTuning, random: number): number {
  const askedMs = Math.min(error.retryAfterMs ?? 0, tuning.maxRetryAfterMs) * (1 + random / 4);
  return Math.max(backoffMs(failures, tuning.retry, random), askedMs);
}
