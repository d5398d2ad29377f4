/**
 * Checks S13. Verdicts from outside end, and an untrusted one never counts. A fit leader is left as
 * reported only while the record holds a verdict against it that has not ended by the clock of the
 * function, and only for a pod against which none stands.
 */

import { annotation } from '../../../lib/selection/names.ts';
import { annotationOf, type KubeObject } from '../kubeObject.ts';
import type { LeaderWrite } from './leaderWrite.ts';

interface Judging {
  /** Of the same source. A report is of the pod, whichever election it stands with. */
  readonly siblings: readonly KubeObject[];
  /** What the function took for the time when it sent the request. */
  readonly wallClock: number;
  mayReport(caller: string): boolean;
}

interface Entry {
  readonly pod: string;
  readonly fit: boolean;
  readonly until: number;
  readonly by: string;
}

/** From the decision to the request that writes it. */
const DECIDED_WITHIN_MS = 1_000;
/** A verdict that ends later was given by a wrong clock, and may not count yet. */
const SURELY_COUNTS_MS = 3_600_000;

export function isReportMove({ after }: LeaderWrite): boolean {
  return annotationOf(after, annotation.reason) === 'LeaderReported';
}

export function checkS13(write: LeaderWrite, { siblings, wallClock, mayReport }: Judging): string | null {
  const { before, after, leaderUid, previousUid } = write;
  const { name } = after.metadata;
  const stranger = entriesOf(after).find(({ by }) => !mayReport(by));
  if (stranger !== undefined) return `slice ${name} holds a verdict of ${stranger.by}, who may not report`;
  if (!write.isPrimary || !isReportMove(write) || previousUid === undefined || previousUid === leaderUid) return null;
  // The write names the version of the slice, so its verdicts are the ones that were decided on.
  const known = [before, ...siblings].flatMap(entriesOf).filter(({ fit }) => !fit);
  const isLeft = known.some(({ pod, until }) => pod === previousUid && until > wallClock - DECIDED_WITHIN_MS);
  if (!isLeft) return `slice ${name} left ${previousUid} as reported, and no verdict against it counts`;
  if (leaderUid === undefined) return `slice ${name} left ${previousUid} as reported for no pod`;
  const isReported = known.some(
    ({ pod, until }) => pod === leaderUid && until > wallClock && until < wallClock + SURELY_COUNTS_MS,
  );
  return isReported ? `slice ${name} left ${previousUid} as reported for ${leaderUid}, which is, too` : null;
}

/** Elections of a pod that the user prefers. While it is reported, none is by preference. */
const byPreference: ReadonlySet<string | undefined> = new Set(['Preferred', 'Pinned']);

export interface ReportLedger {
  check(write: LeaderWrite, judging: Pick<Judging, 'siblings' | 'wallClock'>): string | null;
  /** A restore brings back what was left. */
  restored(): void;
}

/**
 * Functions whose clocks differ do not agree on whether a verdict has ended. One elects the pod,
 * because it has, and the other one may leave it again, but not by a verdict that it was left by
 * before.
 */
export function createReportLedger(): ReportLedger {
  const spent = new Set<string>();
  return {
    check(write, { siblings, wallClock }) {
      const { before, after, sourceUid, election, leaderUid, previousUid } = write;
      if (!write.isPrimary || !isReportMove(write) || previousUid === undefined || previousUid === leaderUid)
        return null;
      const own = entriesOf(before);
      const isEnded = (entry: Entry): boolean => own.some((each) => each.fit && keyOf(each) === keyOf(entry));
      const keys = [...own, ...siblings.flatMap(entriesOf)]
        .filter((entry) => !entry.fit && entry.pod === previousUid && entry.until > wallClock - DECIDED_WITHIN_MS)
        .filter((entry) => !isEnded(entry))
        .map((entry) => `${sourceUid}/${election}/${keyOf(entry)}`);
      const isAgain = byPreference.has(annotationOf(before, annotation.reason)) && keys.every((key) => spent.has(key));
      for (const key of keys) spent.add(key);
      return isAgain ? `slice ${after.metadata.name} left ${previousUid} twice for one verdict` : null;
    },
    restored: () => spent.clear(),
  };
}

function keyOf({ pod, by, until }: Entry): string {
  return `${pod}/${by}/${until}`;
}

/** Read a second time, apart from the rules. */
function entriesOf(slice: KubeObject | null): readonly Entry[] {
  return JSON.parse(annotationOf(slice, annotation.verdicts) ?? '[]') as readonly Entry[];
}
