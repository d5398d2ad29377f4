/**
 * Says which election of a source has which name, so that two of them never want one object.
 *
 * Guarantees: pure. What exists stays with the election that has it. Of a name that nothing of ours
 * has, the first election that wants it is the owner.
 */

import { parseSettings } from '../settings.ts';
import type { ServiceView } from '../snapshot.ts';
import { defaultLeaderName, followersName, sliceName } from '../wantedNames.ts';
import { annotationsOf } from './annotationsOf.ts';
import { type ElectionRef, electionKey, isSameElection } from './electionSettings.ts';
import type { ElectionView } from './electionView.ts';
import { type NameOwners, type Partition, servicesOf } from './partition.ts';

interface Names {
  readonly services: readonly string[];
  readonly slices: readonly string[];
}

/** What was read of a source, which never changes. */
const known = new WeakMap<ServiceView, Map<string, Names>>();

function namesOf(source: ServiceView, ref: ElectionRef): Names {
  const ofSource = known.get(source) ?? new Map<string, Names>();
  known.set(source, ofSource);
  const key = electionKey(ref);
  const names = ofSource.get(key) ?? readNames(source, ref);
  ofSource.set(key, names);
  return names;
}

/** What one slot wants, going by the annotations alone. */
function readNames(source: ServiceView, { election, slot }: ElectionRef): Names {
  const { annotations } = annotationsOf(source.annotations, election);
  const { settings } = parseSettings(annotations);
  const leader = settings.leaderServiceName ?? defaultLeaderName(source.name, election);
  const followers = slot === 0 ? followersName(source.name, settings.followers, election) : null;
  const families = ['IPv4', 'IPv6'] as const;
  return {
    services: [leader, ...(followers === null ? [] : [followers])],
    slices: [
      ...families.map((family) => sliceName(leader, family, slot)),
      ...(followers === null ? [] : families.map((family) => sliceName(followers, family))),
    ],
  };
}

/** The first that wants a name has it. */
export function ownersOfNames(source: ServiceView, refs: readonly ElectionRef[]): NameOwners {
  const services = new Map<string, ElectionRef>();
  const slices = new Map<string, ElectionRef>();
  for (const ref of refs) {
    const names = namesOf(source, ref);
    for (const name of names.services) if (!services.has(name)) services.set(name, { ...ref, slot: 0 });
    for (const name of names.slices) if (!slices.has(name)) slices.set(name, ref);
  }
  return { services, slices };
}

/** A name that a sibling holds, or one that comes before it wants and nothing of ours has. */
export function reservedFor(
  ref: ElectionRef,
  refs: readonly ElectionRef[],
  owners: NameOwners,
  source: ServiceView,
  { parts }: Partition,
): ElectionView['reserved'] {
  const services = new Set<string>();
  const slices = new Set<string>();
  const own = parts.get(electionKey(ref));
  const ownServices = servicesOf(ref, parts).map(({ name }) => name);
  const ownSlices = (own?.slices ?? []).map(({ name }) => name);
  const wants = namesOf(source, ref);
  for (const name of wants.services) {
    const owner = owners.services.get(name);
    if (owner !== undefined && owner.election !== ref.election && !ownServices.includes(name)) services.add(name);
  }
  for (const name of wants.slices) {
    const owner = owners.slices.get(name);
    if (owner !== undefined && !isSameElection(owner, ref) && !ownSlices.includes(name)) slices.add(name);
  }
  for (const each of refs) {
    if (isSameElection(each, ref)) continue;
    const part = parts.get(electionKey(each));
    if (each.election !== ref.election) for (const { name } of part?.services ?? []) services.add(name);
    for (const { name } of part?.slices ?? []) slices.add(name);
  }
  return { services, slices };
}
