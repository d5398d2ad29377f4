/**
 * joinObservations: puts what an observer saw into a snapshot, pod by pod.
 *
 * The bridge joins before it sends a snapshot, and a function after it has read the state. So a
 * snapshot always holds what was decided on, and a recording needs nothing beside it.
 *
 * Guarantees: pure; a snapshot to which nothing applies comes back as it is. An observation by
 * another check than the source asks for is void.
 */

import type { NodeObservation, Observations, PodObservation } from './observation.ts';
import { judgedCheck } from './roleCheck.ts';
import type { Candidate, Health, NodeState, Snapshot, Uid } from './snapshot.ts';

export function joinObservations(snapshot: Snapshot, observations: Observations | undefined): Snapshot {
  if (observations === undefined) return snapshot;
  return joinNodes(joinPods(snapshot, observations), observations.nodes);
}

function joinPods(snapshot: Snapshot, { observer, pods }: Observations): Snapshot {
  const check = judgedCheck(snapshot.source?.annotations ?? {});
  if (check === undefined) return snapshot;
  const judged = new Map(pods.filter((pod) => pod.check === check).map((pod) => [pod.uid, pod]));
  // A check that gave no verdict yet says nothing, and Ready alone decides.
  if (judged.size === 0) return snapshot;
  return { ...snapshot, observer, candidates: snapshot.candidates.map((pod) => joinPod(pod, judged)) };
}

function joinPod({ health: _, ...pod }: Candidate, judged: ReadonlyMap<Uid, PodObservation>): Candidate {
  const observation = judged.get(pod.uid);
  return observation === undefined ? pod : { ...pod, health: toHealth(observation) };
}

function toHealth({ verdict, role, since, detail }: PodObservation): Health {
  return { verdict, ...(role !== undefined && { role }), since, ...(detail !== undefined && { detail }) };
}

/** Puts beside each candidate what was seen of its node. */
export function joinNodes(snapshot: Snapshot, nodes: readonly NodeObservation[] | undefined): Snapshot {
  if (nodes === undefined || nodes.length === 0) return snapshot;
  const states = new Map(nodes.map(({ name, ...state }) => [name, state]));
  return { ...snapshot, candidates: snapshot.candidates.map((pod) => joinNode(pod, states)) };
}

function joinNode({ node: _, ...pod }: Candidate, states: ReadonlyMap<string, NodeState>): Candidate {
  const state = pod.nodeName === undefined ? undefined : states.get(pod.nodeName);
  return state === undefined ? pod : { ...pod, node: state };
}
