/**
 * isLeftForSibling: says that an election had to leave its leader for another election or slot of
 * the same source. S14 takes a pod out of the higher of two slots, and a pod that another one is
 * about to end may not lead meanwhile (docs/reference/annotations.md#the-old-leader).
 */

import { parseDemotion } from '../../../lib/selection/demotion.ts';
import { annotation } from '../../../lib/selection/names.ts';
import type { Etcd } from '../etcd.ts';
import { annotationOf, controllerOf, electionOf, type KubeObject } from '../kubeObject.ts';
import type { LeaderWrite } from './leaderWrite.ts';

export function isLeftForSibling({ after, sourceUid, election, previousUid }: LeaderWrite, etcd: Etcd): boolean {
  if (previousUid === undefined) return false;
  return etcd
    .list('endpointslices')
    .filter((slice) => controllerOf(slice)?.uid === sourceUid && electionOf(slice) !== election)
    .some((slice) => (leads(slice, previousUid) ? isOfPool(after, slice) : isEnding(slice, previousUid)));
}

function leads(slice: KubeObject, uid: string): boolean {
  return annotationOf(slice, annotation.leaderPodUid) === uid;
}

/** A slot beyond the first, of the election that the other slice is of, too. */
function isOfPool(slice: KubeObject, other: KubeObject): boolean {
  const [election, slot] = electionOf(slice).split('/');
  const isWritten = annotationOf(slice, annotation.reason) !== undefined;
  return isWritten && slot !== '0' && electionOf(other).startsWith(`${election}/`);
}

function isEnding(slice: KubeObject, uid: string): boolean {
  const demotion = parseDemotion(annotationOf(slice, annotation.demotion));
  return demotion?.state === 'pending' && demotion.uid === uid;
}
