/**
 * Lists the fences about nodes, each with what takes it away. fences.ts
 */

import { judgeNodes } from '../../../bridge/nodes/judgeNodes.ts';
import { readRecord } from '../../../lib/selection/record.ts';
import type { Candidate, Snapshot } from '../../../lib/selection/snapshot.ts';
import { allFences } from '../fence.ts';
import { type RemovedFence, withSnapshot } from '../fences.ts';

/** A silence that is void because most nodes are silent counts. */
const believingMany: typeof judgeNodes = (signs, state) => {
  const judgement = judgeNodes(signs, state);
  const isBelieved = judgement.voidedBy === 'mass';
  return isBelieved ? { ...judgement, silent: judgement.suspects, voidedBy: null } : judgement;
};

/** Nothing stands against the node of any pod but the leader. */
function withGoodRivals(snapshot: Snapshot): Snapshot {
  const { leader } = readRecord(snapshot);
  const candidates = snapshot.candidates.map((pod): Candidate => {
    const { node: _, ...other } = pod;
    return pod.uid === leader?.uid ? pod : other;
  });
  return { ...snapshot, candidates };
}

export const nodeFences: readonly RemovedFence[] = [
  {
    name: 'the guard against most nodes at once (nodes)',
    options: { settles: false, nodes: true, fence: { ...allFences, nodes: { judge: believingMany } } },
    noticedBy: ['nodes'],
    knownSeed: 3,
    withinSeeds: 200,
  },
  {
    name: 'the better node of the pod that takes over (nodes)',
    options: {
      settles: false,
      nodes: true,
      fence: {
        ...allFences,
        wrapFunction: (handle) => (event, signal) => handle(withSnapshot(event, withGoodRivals), signal),
      },
    },
    noticedBy: ['nodes'],
    knownSeed: 28,
    withinSeeds: 200,
  },
];
