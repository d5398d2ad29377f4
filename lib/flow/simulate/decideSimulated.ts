/** Decides about the flow of a simulated cluster, with the facts that the decision asks for. */

import { advance, type Decision } from '../engine/advance.ts';
import type { FlowSnapshot } from '../state/snapshot.ts';
import type { SimulatedCluster } from './simulatedCluster.ts';

/** What a decision was made of, and the decision. */
export interface Decided {
  readonly snapshot: FlowSnapshot;
  readonly decision: Decision;
}

/** Outputs, inputs and memos of one chain of steps are asked for one after the other. */
const MAX_READS = 10;

export function decideSimulated(cluster: SimulatedCluster, first: FlowSnapshot, now: number): Decided {
  let snapshot = first;
  let decision = advance(snapshot, now);
  const reads = [];
  for (let count = 0; decision.reads.length > 0 && count < MAX_READS; count += 1) {
    reads.push(...decision.reads);
    snapshot = { ...snapshot, facts: cluster.factsFor(reads) };
    decision = advance(snapshot, now);
  }
  return { snapshot, decision };
}
