/**
 * createDemotionLedger: checks S15. zen-lead ends only a pod that a route has left, with that pod's
 * uid, and never one that leads the same Service. It sends no more requests than claims were
 * written, and takes a claim over only when its time is up.
 *
 * Does not check what rests on clocks where a wall clock was set further than claims allow for.
 */

import { CLAIM_MS, type Demotion, parseDemotion } from '../../../lib/selection/demotion.ts';
import { annotation } from '../../../lib/selection/names.ts';
import type { ObservedWrite } from '../apiServer.ts';
import type { Etcd } from '../etcd.ts';
import { annotationOf, endpointsOf, type KubeObject } from '../kubeObject.ts';

export interface DemotionLedger {
  /** Every write by a function, with the instant of the true time at which it was sent. */
  check(write: ObservedWrite, sentAt: number): string | null;
}

export function createDemotionLedger(etcd: Etcd, clockDifferenceMs: () => number): DemotionLedger {
  /** When each claim on a pod was sent, by the pod's uid, then `<slice> <epoch> <tries>`. */
  const claims = new Map<string, Map<string, number>>();
  /** By the pod's uid. */
  const requests = new Map<string, number>();
  const areClocksRight = (): boolean => clockDifferenceMs() < CLAIM_MS / 4;

  function checkClaim({ name, before, after }: ObservedWrite, sentAt: number): string | null {
    const claim = demotionOf(after);
    const known = demotionOf(before);
    if (claim?.state !== 'pending' || isSame(claim, known)) return null;
    const ofPod = claims.get(claim.uid) ?? new Map<string, number>();
    claims.set(claim.uid, ofPod);
    const lastAt = ofPod.get(`${name} ${claim.epoch} ${claim.tries - 1}`);
    ofPod.set(`${name} ${claim.epoch} ${claim.tries}`, sentAt);
    // Whole milliseconds, as a clock has them.
    const isEarly = lastAt !== undefined && sentAt - lastAt < CLAIM_MS - 1 - clockDifferenceMs();
    return isEarly && areClocksRight() ? `${name}: the claim on ${claim.uid} is taken over too early` : null;
  }

  function checkRequest(uid: string, isEnded: boolean): string | null {
    const count = (requests.get(uid) ?? 0) + 1;
    requests.set(uid, count);
    if (count > (claims.get(uid)?.size ?? 0)) return `pod ${uid} is to be ended for the ${count}. time without a claim`;
    const naming = etcd.list('endpointslices').filter((slice) => demotionOf(slice)?.uid === uid);
    const leads = naming.length > 0 && naming.every((slice) => routesTo(slice, uid));
    return isEnded && leads && areClocksRight() ? `pod ${uid} is ended while it leads` : null;
  }

  return {
    check(write, sentAt) {
      const { plural, request, name, before, outcome } = write;
      if (plural === 'endpointslices' && outcome === 'written') return checkClaim(write, sentAt);
      if (plural !== 'pods' || request.verb !== 'delete') return null;
      const { uid } = request.preconditions;
      if (uid === undefined) return `pod ${name} is to be ended, whatever its uid is`;
      return checkRequest(uid, outcome === 'written' && before !== null);
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
