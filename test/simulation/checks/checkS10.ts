/**
 * Checks S10 and S11. A fit leader of a Service with a health check is left only for a pod that
 * passes it in observations that a bridge has sent in time. Without a pin or `sticky: "false"` it
 * is left only where the same observations say that the leader fails.
 */

import type { ReconcileEvent } from '../../../lib/events/reconcileEvent.ts';
import type { Observations, Verdict } from '../../../lib/selection/observation.ts';
import type { Etcd } from '../etcd.ts';
import type { CheckName } from '../verdict.ts';
import { checkNodeMove, isNodeMove } from './checkNodes.ts';
import { checkRoles, roleCheckOf } from './checkRoles.ts';
import { isReportMove } from './checkS13.ts';
import { isFit, letsGo } from './fit.ts';
import { isHistory } from './isHistory.ts';
import { isLeftForSibling } from './isLeftForSibling.ts';
import type { Basis, LeaderWrite } from './leaderWrite.ts';

export interface ObservationLedger {
  /** A bridge has built this event, at this instant of the true time. */
  sent(event: ReconcileEvent, at: number): void;
  /** `since`: epoch milliseconds; what has lived its time before that is over. */
  check(write: LeaderWrite, etcd: Etcd, since: number): { readonly check: CheckName; readonly problem: string } | null;
}

/** How long observations count (docs/reference/events.md#observations). */
const LIFETIME_MS = 3_000;
/** Of the ledger: far more events than the time that a check allows for has room for. */
const MAX_EVENTS = 5_000;

/** The check that a source asks for, as the actions of the simulation write it. */
export function checkOf({ source }: Basis): string | null {
  const check = source?.annotations['zen-lead.io/health-check'];
  return check !== undefined && /^(http|tcp):\/\/:\d+/.test(check) ? check : null;
}

export function createObservationLedger(): ObservationLedger {
  let events: { readonly observations: Observations; readonly endsAt: number }[] = [];

  return {
    sent({ data: { observations } }, at) {
      if (observations === undefined) return;
      events.push({ observations, endsAt: at + LIFETIME_MS });
      if (events.length > MAX_EVENTS) events = events.slice(MAX_EVENTS / 2);
    },
    check(write, etcd, since) {
      const { isPrimary, after, leaderUid, previousUid, bases } = write;
      const inTime = (): readonly Observations[] =>
        events.filter(({ endsAt }) => endsAt >= since).map(({ observations }) => observations);
      if (isReportMove(write)) return null;
      if (isPrimary && isNodeMove(write)) {
        const unjustified = checkNodeMove(write, inTime());
        return unjustified === null ? null : { check: 'nodes', problem: unjustified };
      }
      if (bases.some((basis) => roleCheckOf(basis) !== null)) {
        const sent = inTime();
        const unjustified = isPrimary && previousUid !== leaderUid ? checkRoles(write, sent, etcd) : null;
        return unjustified === null ? null : { check: 'roles', problem: unjustified };
      }
      if (!isPrimary || previousUid === undefined || previousUid === leaderUid || bases.length === 0) return null;
      const hadReason = (basis: Basis): boolean => {
        const leader = basis.pods.find((pod) => pod.uid === previousUid);
        return basis.source === null || leader === undefined || !isFit(leader, basis.source) || checkOf(basis) === null;
      };
      if (bases.some(hadReason) || isHistory(write, etcd) || isLeftForSibling(write, etcd)) return null;
      const isWanted = bases.some(({ source }) => source !== null && letsGo(source));
      const isJustified = events.some(({ observations, endsAt }) => {
        const says = (uid: string | undefined, verdict: Verdict): boolean =>
          observations.pods.some(
            (pod) => pod.uid === uid && pod.verdict === verdict && bases.some((basis) => checkOf(basis) === pod.check),
          );
        return endsAt >= since && says(leaderUid, 'passing') && (isWanted || says(previousUid, 'failing'));
      });
      if (isJustified) return null;
      const problem = `slice ${after.metadata.name} left ${previousUid}, which was Ready, for ${leaderUid ?? 'no pod'}, and no observation in time says why`;
      return { check: isWanted ? 'S11' : 'S10', problem };
    },
  };
}
