/**
 * sharedWith: says what one election has to know of its siblings: whom they lead, which of their
 * pods are to be ended, and what was reported.
 *
 * Guarantees: pure. In one pool no slot may elect a pod that leads another one (S14).
 */

import { annotation } from '../names.ts';
import type { LeaderRecord } from '../record.ts';
import type { ServiceView, Uid } from '../snapshot.ts';
import { type ElectionRef, electionKey, parseSpread, readOwn } from './electionSettings.ts';
import type { ElectionView } from './electionView.ts';

export interface Sibling extends ElectionRef {
  /** An election that is about to go keeps no pod from another one. */
  readonly isWanted: boolean;
}

/** Whom a sibling routes to once what was decided is written. */
export interface Decided {
  readonly leader: Uid | undefined;
  /** Of a handover that overlaps. */
  readonly left: Uid | undefined;
}

type Shared = Pick<ElectionView, 'taken' | 'pool' | 'avoided' | 'barred' | 'verdicts'>;

/** `decided`: by `electionKey`, of the siblings that were decided on before. */
export function sharedWith(
  ref: ElectionRef,
  siblings: readonly Sibling[],
  source: ServiceView,
  recordOf: (ref: ElectionRef) => LeaderRecord,
  decided: ReadonlyMap<string, Decided> = new Map(),
): Shared {
  const spread = parseSpread(readOwn(source.annotations, ref.election, annotation.spread) ?? '') ?? 'prefer';
  const own = recordOf(ref).leader?.uid;
  const routedBy = (each: ElectionRef): Decided => {
    const { leader, handoverFrom } = recordOf(each);
    return decided.get(electionKey(each)) ?? { leader: leader?.uid, left: handoverFrom?.uid };
  };
  const pool = new Set<Uid>();
  const taken = new Set<Uid>();
  const avoided = new Set<Uid>();
  for (const sibling of siblings) {
    const { leader: uid, left } = routedBy(sibling);
    const isOfPool = sibling.election === ref.election;
    // A pod that another slot still routes to would be twice behind the Service of the pool.
    if (isOfPool && left !== undefined && left !== own) taken.add(left);
    if (uid === undefined) continue;
    if (!isOfPool && !sibling.isWanted) continue;
    if (isOfPool) pool.add(uid);
    // A fit leader is not moved to spread elections (S8). Of two slots with one pod, the higher one
    // leaves it (S14).
    const isMine = uid === own;
    if (isOfPool ? !isMine || sibling.slot < ref.slot : !isMine && spread === 'require') taken.add(uid);
    if (!isOfPool && !isMine && spread === 'prefer') avoided.add(uid);
  }
  const demotions = siblings.map((each) => recordOf(each));
  return {
    pool,
    taken,
    avoided,
    barred: new Set(
      demotions.flatMap(({ demotion, leader }) =>
        demotion?.state === 'pending' && demotion.uid !== leader?.uid ? [demotion.uid] : [],
      ),
    ),
    verdicts: demotions.flatMap(({ verdicts }) => verdicts),
  };
}
