/**
 * flowWish: says what the rules would change about one flow, for a replica that leaves it to the
 * one that sends first (hedge.ts).
 *
 * Its view and its announcements can wait for that one. A flow that waits for its group asks again
 * and again, and changes nothing by that.
 *
 * Guarantees: pure. Each step that goes on is another change, so that a hint at one holds up no
 * hint at the next.
 */

import { advance } from '../../lib/flow/engine/advance.ts';
import type { FlowSnapshot } from '../../lib/flow/state/snapshot.ts';
import type { Wish } from '../replicas/hedge.ts';

export function flowWish(snapshot: FlowSnapshot, now: number): Wish {
  const { record, createsRecord, needsRead, changes, starts, deletes, holds, reads, nextReconcileAt } = advance(
    snapshot,
    now,
  );
  const asks = reads.filter(({ kind }) => kind !== 'group');
  const isMore = [starts, deletes, holds, asks].some(({ length }) => length > 0);
  // What is due now is wanted now: a timer would ask the same question again and again.
  const nextAt = nextReconcileAt !== null && nextReconcileAt > now ? nextReconcileAt : null;
  return {
    wantsChange: record !== null || createsRecord || needsRead || isMore,
    change: JSON.stringify([
      changes,
      starts,
      deletes.map(({ name }) => name),
      holds.map(({ job, suspend }) => [job.name, suspend]),
      asks,
    ]),
    nextAt,
  };
}
