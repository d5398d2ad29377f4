/**
 * createWriteChecks: checks every write of a function against every invariant that a write can
 * break. A check runs at the instant of the write, so that nothing that follows can hide it.
 */

import type { ReplyEvent } from '../../../lib/events/reply.ts';
import { endReasons } from '../../../lib/selection/decision.ts';
import { annotation } from '../../../lib/selection/names.ts';
import type { ObservedWrite } from '../apiServer.ts';
import type { Etcd } from '../etcd.ts';
import { annotationOf, controllerOf, type KubeObject } from '../kubeObject.ts';
import { mayReport } from '../reports/callers.ts';
import type { Verdict } from '../verdict.ts';
import { checkS1 } from './checkS1.ts';
import { checkS2 } from './checkS2.ts';
import { checkS3 } from './checkS3.ts';
import { checkS4Age, createEpochLedger } from './checkS4.ts';
import { checkS7 } from './checkS7.ts';
import { checkS8 } from './checkS8.ts';
import { createRevisionLedger } from './checkS9.ts';
import type { ObservationLedger } from './checkS10.ts';
import { checkS13, createReportLedger } from './checkS13.ts';
import { createDemotionLedger } from './checkS15.ts';
import { toLeaderWrite } from './leaderWrite.ts';

export interface WriteChecksOptions {
  readonly etcd: Etcd;
  readonly verdict: Verdict;
  now(): number;
  /**
   * The state that this function decides on may not have been superseded before, with what this run
   * has done to bridges, links and clocks. `podsRevision` undefined: any state that it has.
   */
  oldestAt(actor: string, podsRevision: string | undefined): number;
  /**
   * When a read may have begun, or a snapshot may have been built, that this function decides on
   * now. A view that was old already when the snapshot was built does not count.
   */
  knownSince(actor: string, podsRevision: string | undefined): number;
  /** When the request that is carried out now was sent. */
  requestSentAt(): number;
  /** What this function took for the time when it sent the request. */
  wallClockOf(actor: string): number;
  /** How far the clocks of two functions differ at most. */
  clockDifferenceMs(): number;
  isSourceUid(uid: string): boolean;
  /** What bridges have sent. */
  readonly observations: ObservationLedger;
}

export interface WriteChecks {
  /** By a function. */
  check(write: ObservedWrite): void;
  /** An announcement has arrived. */
  announced(event: ReplyEvent): void;
  /** It has arrived at least once that this pod leads under this epoch. Null: no pod. */
  wasAnnounced(sourceUid: string, epoch: number, leaderUid: string | null): boolean;
  /** Etcd was restored. */
  restored(): void;
}

/** It records what a caller from outside said, and decides nothing about the route that stands. */
function isVerdictAlone({ request }: ObservedWrite): boolean {
  if (request.verb !== 'patch' || Object.keys(request.patch).join() !== 'metadata') return false;
  return Object.keys(request.patch.metadata?.['annotations'] ?? {}).join() === annotation.verdicts;
}

/** Beyond that a wall clock was set. */
const MAX_SKEW_MS = 1_000;

/** Other patches of a slice leave the route as it was decided before. */
function setsRoute({ request }: ObservedWrite): boolean {
  return request.verb === 'patch' && 'endpoints' in request.patch;
}

export function createWriteChecks(options: WriteChecksOptions): WriteChecks {
  const { etcd, verdict, now, oldestAt, isSourceUid, observations } = options;
  const epochs = createEpochLedger();
  const revisions = createRevisionLedger();
  const reports = createReportLedger();
  const demotions = createDemotionLedger(etcd, options.clockDifferenceMs);
  /** `<epoch>/<leader uid>` of every route that has stood. */
  const routes = new Set<string>();
  /** `<source uid>/<epoch>/<leader uid>` of every announcement that has arrived. */
  const announcements = new Set<string>();
  /** A restore brings back what had gone. */
  let wasRestored = false;

  /** The end of a deleted source: the source and its route have gone. The id names its uid. */
  function checkGone({ id, data }: ReplyEvent): void {
    const uid = id.split('/')[0];
    const isSource = ({ metadata }: KubeObject): boolean => metadata.uid === uid;
    // A slice of followers may wait for a finalizer, and does not belong to a leader.
    const isRoute = (slice: KubeObject): boolean =>
      controllerOf(slice)?.uid === uid && annotationOf(slice, annotation.epoch) !== undefined;
    const isThere = etcd.list('services').some(isSource) || etcd.list('endpointslices').some(isRoute);
    if (isThere && !wasRestored)
      verdict.violate('outbox', `the end of ${uid} (epoch ${data.epoch}) was announced while it was there`);
  }

  return {
    check(write) {
      const report = (check: Parameters<Verdict['violate']>[0], problem: string | null): void => {
        if (problem !== null) verdict.violate(check, `${write.actor}: ${problem}`);
      };
      report('S15', demotions.check(write, options.requestSentAt(), options.wallClockOf(write.actor)));
      if (write.plural === 'pods') return;
      if (write.plural !== 'events') report('S3', checkS3(write));
      if (write.outcome !== 'written') return;
      report('S7', checkS7(write, etcd, isSourceUid, oldestAt(write.actor, undefined)));
      const leaderWrite = toLeaderWrite(write, etcd);
      if (leaderWrite === null) return;
      routes.add(`${leaderWrite.epoch}/${annotationOf(write.after, annotation.leaderPodUid) ?? ''}`);
      const isJudgable = setsRoute(write) && options.clockDifferenceMs() < MAX_SKEW_MS;
      const isOfRoute = !isVerdictAlone(write);
      // A hand may have changed the record, whose route such a patch leaves as it is.
      if (isOfRoute) report('S1', checkS1(leaderWrite, etcd, isJudgable ? options.wallClockOf(write.actor) : null));
      const since = oldestAt(write.actor, leaderWrite.podsRevision);
      const knownSince = options.knownSince(write.actor, leaderWrite.podsRevision);
      report('S9', revisions.check(leaderWrite, etcd, knownSince, now()));
      report('S4', epochs.check(leaderWrite, options.wallClockOf(write.actor)));
      report('S4', checkS4Age(leaderWrite, etcd, since, now()));
      if (isOfRoute) report('S2', checkS2(leaderWrite, etcd));
      report('S8', checkS8(leaderWrite, etcd));
      const siblings = etcd
        .list('endpointslices')
        .filter((slice) => controllerOf(slice)?.uid === leaderWrite.sourceUid && slice.metadata.name !== write.name);
      const wallClock = options.wallClockOf(write.actor);
      report('S13', checkS13(leaderWrite, { siblings, wallClock, mayReport }));
      report('S13', reports.check(leaderWrite, { siblings, wallClock }));
      const unjustified = observations.check(leaderWrite, etcd, since);
      if (unjustified !== null) report(unjustified.check, unjustified.problem);
    },
    announced(event) {
      const { data, type, id } = event;
      announcements.add(`${id.split('/')[0]}/${data.epoch}/${data.leader?.uid ?? ''}`);
      if (type === 'io.zen-lead.leader.lost' && endReasons.has(data.reason)) return;
      if (data.reason === 'SourceGone') {
        checkGone(event);
        return;
      }
      if (!routes.has(`${data.epoch}/${data.leader?.uid ?? ''}`))
        verdict.violate(
          'outbox',
          `${type} of epoch ${data.epoch} (${data.leader?.name ?? 'no pod'}) was announced before it was routed`,
        );
    },
    wasAnnounced: (sourceUid, epoch, leaderUid) => announcements.has(`${sourceUid}/${epoch}/${leaderUid ?? ''}`),
    restored() {
      wasRestored = true;
      epochs.forget();
      reports.restored();
      demotions.restored();
    },
  };
}
