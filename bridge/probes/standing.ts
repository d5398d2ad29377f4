/**
 * Standing: what the results of one target come to. Counts results in a row, and turns them into a
 * verdict.
 *
 * Guarantees: pure. The first verdict of a target takes one pass. A failing one always takes as
 * many failures as the threshold says, so that one lost packet after a start judges no pod.
 * Another role counts from the first answer, because an answer is no lost packet.
 */

import type { Detail, ProbeResult, Role } from './probe.ts';

export type Verdict = 'passing' | 'failing';

export interface Standing {
  /** Null before the first one. */
  readonly verdict: Verdict | null;
  /** Null where none was asked for, and while the target does not answer. */
  readonly role: Role | null;
  /** When verdict and role were first given, in epoch milliseconds. 0 without a verdict. */
  readonly since: number;
  /** Of the latest failure, where the verdict is failing. */
  readonly detail: Detail | null;
  /** Results in a row; one of the two is 0. */
  readonly failures: number;
  readonly passes: number;
}

/** Neither suspect nor failing, nor without a verdict. */
export function isSound({ verdict, failures }: Standing): boolean {
  return verdict === 'passing' && failures === 0;
}

export interface Thresholds {
  readonly failureThreshold: number;
  readonly successThreshold: number;
}

export const unjudged: Standing = { verdict: null, role: null, since: 0, detail: null, failures: 0, passes: 0 };

/** `now`: epoch milliseconds. A void result changes nothing. */
export function judge(standing: Standing, result: ProbeResult, thresholds: Thresholds, now: number): Standing {
  switch (result.kind) {
    case 'void':
      return standing;
    case 'passed': {
      const passes = standing.passes + 1;
      const counted = { ...standing, failures: 0, passes };
      const isEnough = standing.verdict !== 'failing' || passes >= thresholds.successThreshold;
      const role = result.role ?? null;
      if (!isEnough || (standing.verdict === 'passing' && standing.role === role)) return counted;
      return { ...counted, verdict: 'passing', role, since: now, detail: null };
    }
    case 'failed': {
      const failures = standing.failures + 1;
      const counted = { ...standing, failures, passes: 0 };
      if (standing.verdict === 'failing') return { ...counted, detail: result.detail };
      if (failures < thresholds.failureThreshold) return counted;
      return { ...counted, verdict: 'failing', role: null, since: now, detail: result.detail };
    }
  }
}

/** A target that has failed since it last passed, and is not judged for it yet. */
export function isSuspect({ verdict, failures }: Standing): boolean {
  return failures > 0 && verdict !== 'failing';
}

/** Counts begin again; the verdict stays. */
export function restartCounts(standing: Standing): Standing {
  return { ...standing, failures: 0, passes: 0 };
}
