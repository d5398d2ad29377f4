/**
 * whyHint: decides whether the snapshot in an event may decide, and says why it may not. The only
 * place that decides this. A snapshot that may not decide is a hint: the function reads the state
 * itself. docs/reference/events.md#hints, S4 and S9.
 *
 * Guarantees: pure. The rules stand in one table; the first one that applies names the reason.
 * Does not guarantee that the snapshot is the newest state. A decision on a newer one shows as a
 * conflict at the write.
 * Source: KEP-5504 (resource versions of one resource compare as numbers since Kubernetes 1.35).
 */

import type { ReadData } from '../../lib/events/parseReconcileEvent.ts';
import { assess } from '../../lib/selection/assess.ts';
import { catchUp } from '../../lib/selection/catchUp.ts';
import { compareRevisions, type RevisionOrder } from '../../lib/selection/compareRevisions.ts';
import type { ElectionRef } from '../../lib/selection/elections/electionSettings.ts';
import { viewOf, viewsOf } from '../../lib/selection/elections/electionsOf.ts';
import { type LeaderRecord, readRecord } from '../../lib/selection/record.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import type { Write } from '../../lib/selection/write.ts';
import { placeholdersFirst } from './placeholders.ts';

/** Label of the metric `zen_lead_hints_total`. */
export type HintReason =
  | 'foreign'
  | 'untrusted'
  | 'unreadable'
  | 'noSnapshot'
  | 'late'
  | 'unordered'
  | 'old'
  | 'unfenced';

/** Everything that the answer depends on. */
export interface Evidence {
  /** `foreign`: an event of Knative's ApiServerSource. */
  readonly kind: 'reconcile' | 'foreign';
  /** The sender has proved who it is. */
  readonly isTrusted: boolean;
  readonly data: ReadData;
  /** Of an event that comes although nothing was seen. */
  readonly isResync: boolean;
  /** Epoch milliseconds. */
  readonly now: number;
  /** What the snapshot leads to; empty until that is known. */
  readonly writes: readonly Write[];
  /** Whose writes they are, where the source has several elections. */
  readonly election?: ElectionRef;
}

/** Null when the snapshot may decide. */
export type WhyHint = (evidence: Evidence) => HintReason | null;

/**
 * `records`: of the snapshot, read when they are first asked for; one for each election, none when
 * there is no snapshot.
 */
type Rule = (evidence: Evidence, records: () => readonly LeaderRecord[]) => boolean;

const rules: readonly (readonly [reason: HintReason, applies: Rule])[] = [
  ['foreign', ({ kind }) => kind === 'foreign'],
  ['untrusted', ({ isTrusted }) => !isTrusted],
  // Of a newer bridge, for instance.
  ['unreadable', ({ data }) => data.kind === 'unreadable'],
  // The bridge sends none when it would be too large, or when another replica sends first.
  ['noSnapshot', (evidence) => snapshotIn(evidence) === undefined],
  // S4
  ['late', ({ data, now }) => data.kind === 'readable' && now >= data.value.deadline],
  // Before Kubernetes 1.35 a revision need not be a number.
  ['unordered', (evidence, records) => compareWithRecords(evidence, records()).includes('unordered')],
  // S9: older than what was last decided on, and something is to be moved. A resync reads in any
  // case: the record may be ahead of a restored etcd, which nothing else would find.
  [
    'old',
    (evidence, records) =>
      compareWithRecords(evidence, records()).includes('older') && (evidence.isResync || wantsWrites(evidence)),
  ],
  // S9: no slice holds a record that the snapshot could be older than, or another slice is to be
  // made.
  [
    'unfenced',
    ({ writes }, records) =>
      writes.length > 0 && (placeholdersFirst(writes).length > 0 || records().some(({ slice }) => slice === null)),
  ],
];

export const whyHint: WhyHint = (evidence) => {
  const snapshot = snapshotIn(evidence);
  let read: readonly LeaderRecord[] | undefined;
  const records = (): readonly LeaderRecord[] => {
    read ??= snapshot === undefined ? [] : viewsIn(snapshot, evidence.election).map(readRecord);
    return read;
  };
  return rules.find(([, applies]) => applies(evidence, records))?.[0] ?? null;
};

function viewsIn(snapshot: Snapshot, election: ElectionRef | undefined): readonly Snapshot[] {
  return election === undefined ? viewsOf(snapshot) : [viewOf(snapshot, election) ?? snapshot];
}

/**
 * Where nothing is recorded, nothing was decided yet, and every revision that can be ordered is new
 * enough.
 */
function compareWithRecords(evidence: Evidence, records: readonly LeaderRecord[]): readonly RevisionOrder[] {
  const revisions = snapshotIn(evidence)?.revisions;
  if (revisions === undefined) return [];
  const { pods, services } = revisions;
  return records.flatMap(({ podsRevision, servicesRevision }) => [
    compareRevisions(pods, podsRevision ?? pods),
    compareRevisions(services, servicesRevision ?? services),
  ]);
}

/** Of an older snapshot: with the revisions of the record, which it must not lower. */
function wantsWrites(evidence: Evidence): boolean {
  const snapshot = snapshotIn(evidence);
  if (evidence.writes.length > 0 || snapshot === undefined) return true;
  return assess(catchUp(snapshot), evidence.now).writes.length > 0;
}

function snapshotIn({ data }: Evidence): Snapshot | undefined {
  return data.kind === 'readable' ? data.value.snapshot : undefined;
}
