/**
 * planFollowers: plans a second Service with every other Ready pod, for readers that must not load
 * the leader. docs/reference/objects.md#followers.
 */

import type { Plan, Warning } from './decision.ts';
import { whyUnfit } from './fitness.ts';
import { annotation } from './names.ts';
import { mirror } from './plan.ts';
import type { Situation } from './situation.ts';
import type { Candidate } from './snapshot.ts';
import { byCreation } from './strategy.ts';
import { followersName, MAX_NAME_LENGTH, sliceName } from './wantedNames.ts';

export interface PlannedFollowers {
  readonly followers: Plan['followers'];
  readonly warnings: readonly Warning[];
}

export function planFollowers(situation: Situation, leaderName: string, leader: Candidate | null): PlannedFollowers {
  const { source, read, snapshot, owned } = situation;
  if (read.unreadable.some((each) => each.annotation === annotation.followers))
    return { followers: 'keep', warnings: [] };
  const { election } = snapshot;
  const name = followersName(source.name, read.settings.followers, election?.election);
  if (name === null) return { followers: null, warnings: [] };

  if (name.length > MAX_NAME_LENGTH) {
    const message = `The followers Service would be called "${name}", which is longer than ${MAX_NAME_LENGTH} characters: there are no followers. Set ${annotation.followers} to another name.`;
    return { followers: null, warnings: [{ reason: 'InvalidService', value: name, message }] };
  }
  const isForeign =
    snapshot.services.some((service) => service.name === name && !owned.services.includes(service)) ||
    election?.reserved.services.has(name) === true;
  if (isForeign || name === leaderName || name === source.name) {
    const message = `Service "${name}" is taken: there are no followers. Set ${annotation.followers} to another name.`;
    return { followers: null, warnings: [{ reason: 'NameConflict', value: name, message }] };
  }
  const taken = (['IPv4', 'IPv6'] as const).map((family) => sliceName(name, family));
  const foreign = snapshot.slices.find((slice) => taken.includes(slice.name) && !owned.slices.includes(slice));
  if (foreign !== undefined) {
    const message = `EndpointSlice "${foreign.name}" exists and is not ours to change: there are no followers. Delete it, or set ${annotation.followers} to another name.`;
    return { followers: null, warnings: [{ reason: 'ForeignEndpointSlice', value: foreign.name, message }] };
  }
  // A pod that leads another election follows in this one. Every leader of a pool leads.
  const rules = { ...situation.choice.rules, taken: election?.pool };
  // `exclude` keeps a pod from leading, not from serving readers.
  const follows = (pod: Candidate): boolean =>
    pod.uid !== leader?.uid && whyUnfit({ ...pod, exclude: 'false' }, rules) === null;
  const pods = snapshot.candidates.filter(follows).toSorted(byCreation);
  return {
    followers: { service: { ...mirror(source, snapshot), name, role: 'followers', type: 'ClusterIP' }, pods },
    warnings: [],
  };
}
