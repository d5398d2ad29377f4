/**
 * createDemotionLedger: checks S15. zen-lead ends only a pod that a route has left, with that pod's
 * uid, and never one that leads the same Service. It sends no more requests than claims were
 * written, none later than a claim allows, and takes a claim over only when its time is up. A claim
 * counts from the decision, which a frozen function may write seconds later.
 *
 * Does not check what rests on clocks where a wall clock was set further than claims allow for.
 */

import { CLAIM_MS, type Demotion, parseDemotion, SEND_WITHIN_MS } from '../../../lib/selection/demotion.ts';
import { annotation } from '../../../lib/selection/names.ts';
import type { ObservedWrite } from '../apiServer.ts';
import type { Etcd } from '../etcd.ts';
import { annotationOf, endpointsOf, type KubeObject } from '../kubeObject.ts';

export interface DemotionLedger {
  /**
   * Every write by a function, with the instant at which it was sent: by the true time, and by the
   * clock of the function.
   */
  check(write: ObservedWrite, sentAt: number, wallClock: number): string | null;
  /** Etcd was restored: an epoch may come again, and with it a claim. */
  restored(): void;
}

interface Claims {
  /** When each was decided on, by `<slice> <epoch> <tries>`. */
  readonly decidedAt: Map<string, number>;
  /** The same, apart by what etcd was restored in between. */
  readonly written: Set<string>;
}

export function createDemotionLedger(etcd: Etcd, clockDifferenceMs: () => number): DemotionLedger {
  /** By the pod's uid. */
  const claims = new Map<string, Claims>();
  /** By the pod's uid. */
  const requests = new Map<string, number>();
  let restores = 0;
  const areClocksRight = (): boolean => clockDifferenceMs() < CLAIM_MS / 4;

  function checkClaim({ name, before, after }: ObservedWrite, sentAt: number, wallClock: number): string | null {
    const claim = demotionOf(after);
    const known = demotionOf(before);
    if (claim?.state !== 'pending' || isSame(claim, known)) return null;
    const ofPod = claims.get(claim.uid) ?? { decidedAt: new Map(), written: new Set() };
    claims.set(claim.uid, ofPod);
    const key = (tries: number): string => `${name} ${claim.epoch} ${tries}`;
    const lastAt = ofPod.decidedAt.get(key(claim.tries - 1));
    ofPod.decidedAt.set(key(claim.tries), sentAt - Math.max(0, wallClock - claim.at));
    ofPod.written.add(`${restores} ${key(claim.tries)}`);
    // Whole milliseconds, as a clock has them.
    const isEarly = lastAt !== undefined && sentAt - lastAt < CLAIM_MS - 1 - clockDifferenceMs();
    return isEarly && areClocksRight() ? `${name}: the claim on ${claim.uid} is taken over too early` : null;
  }

  function checkRequest(uid: string, sentAt: number, isEnded: boolean): string | null {
    const count = (requests.get(uid) ?? 0) + 1;
    requests.set(uid, count);
    const ofPod = claims.get(uid);
    if (ofPod === undefined || count > ofPod.written.size)
      return `pod ${uid} is to be ended for the ${count}. time without a claim`;
    const isLate = sentAt - Math.max(...ofPod.decidedAt.values()) > SEND_WITHIN_MS + clockDifferenceMs();
    if (isLate && areClocksRight()) return `pod ${uid} is to be ended by a claim that is too old`;
    const naming = etcd.list('endpointslices').filter((slice) => demotionOf(slice)?.uid === uid);
    const leads = naming.length > 0 && naming.every((slice) => routesTo(slice, uid));
    return isEnded && leads && areClocksRight() ? `pod ${uid} is ended while it leads` : null;
  }

  return {
    check(write, sentAt, wallClock) {
      const { plural, request, name, before, outcome } = write;
      if (plural === 'endpointslices' && outcome === 'written') return checkClaim(write, sentAt, wallClock);
      if (plural !== 'pods' || request.verb !== 'delete') return null;
      const { uid } = request.preconditions;
      if (uid === undefined) return `pod ${name} is to be ended, whatever its uid is`;
      return checkRequest(uid, sentAt, outcome === 'written' && before !== null);
    },
    restored() {
      restores += 1;
    },
  };
}

function demotionOf(slice: KubeObject | null): Demotion | null {
  return parseDemotion(annotationOf(slice, annotation.demotion));
}

function isSame(a: Demotion, b: Demotion | null): boolean {
  return b !== null && a.uid === b.uid && a.epoch === b.epoch && a.tries === b.tries;
}

function routesTo(slice: KubeObject, uid: string): boolean {
  return endpointsOf(slice).some(({ targetRef }) => targetRef?.uid === uid);
}
