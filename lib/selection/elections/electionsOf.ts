/**
 * electionsOf: takes the snapshot of a source apart into one view for each of its elections and
 * slots, in the order in which they are decided. docs/decisions/elections.md
 *
 * Each view is a snapshot of its own, with its own settings and objects, so every rule reads one
 * election as it reads a source that has one. What siblings lead is all that they share.
 *
 * Guarantees: pure. A source that asks for no elections, and has no objects of any, is not taken
 * apart. In one pool no slot may elect a pod that leads another one (S14).
 */

import { compareText } from '../compareText.ts';
import type { Decision } from '../decision.ts';
import { annotation, label } from '../names.ts';
import { type LeaderRecord, readRecord } from '../record.ts';
import { parseBoolean } from '../settings.ts';
import type { ServiceView, SliceView, Snapshot } from '../snapshot.ts';
import { annotationsOf, electionWarnings } from './annotationsOf.ts';
import {
  activeOf,
  asksForElections,
  type ElectionRef,
  electionKey,
  electionNames,
  isSameElection,
  MAX_ACTIVE,
  parseSpread,
  readOwn,
  theElection,
} from './electionSettings.ts';
import { type ElectionView, noPods } from './electionView.ts';
import { type Part, type Partition, partition, servicesOf } from './partition.ts';
import { ownersOfNames, reservedFor } from './reservedNames.ts';
import { type Decided, sharedWith } from './sharedWith.ts';

export interface Elections {
  /** In the order in which they are decided; those that are no longer asked for come last. */
  readonly refs: readonly ElectionRef[];
  /**
   * The snapshot as this election sees it. `decided`: by `electionKey`, what of a sibling was
   * decided before. Where it says nothing, the records do.
   */
  view(ref: ElectionRef, decided?: ReadonlyMap<string, Decided>): Snapshot;
}

/** A snapshot never changes, and one reconcile asks several times. */
const divided = new WeakMap<Snapshot, Elections>();

/** Null where the source has one election, whose view is the snapshot itself. */
export function electionsOf(snapshot: Snapshot): Elections | null {
  const { source } = snapshot;
  if (source === null || snapshot.election !== undefined) return null;
  if (!asksForElections(source.annotations) && !hasObjectsOfElections(snapshot)) return null;
  const known = divided.get(snapshot) ?? divide(snapshot, source);
  divided.set(snapshot, known);
  return known;
}

function divide(snapshot: Snapshot, source: ServiceView): Elections {
  const names = electionNames(source.annotations);
  const listed = names ?? [];
  const owners = ownersOfNames(
    source,
    listed.flatMap((name) => slotsOf(name, activeOf(source.annotations, name) ?? 1)),
  );
  const parted = partition(snapshot, owners);
  const wanted = wantedRefs(source, names, parted);
  const isWanted = (ref: ElectionRef): boolean => wanted.some((each) => isSameElection(each, ref));
  const left = [...parted.parts.values()].map(({ ref }) => ref).filter((ref) => !isWanted(ref));
  const keepsAll = isUnreadableBoolean(source.annotations[annotation.enabled]);
  const refs = [...wanted, ...left.toSorted(compareRefs)];
  const records = new Map<string, LeaderRecord>();
  const bares = new Map<string, Snapshot>();
  const views = new Map<string, Snapshot>();
  const isKept = (ref: ElectionRef): boolean => keepsAll || isWanted(ref);
  const bare = (ref: ElectionRef): Snapshot => {
    const key = electionKey(ref);
    const view = bares.get(key) ?? bareView(snapshot, source, ref, parted, isKept(ref));
    bares.set(key, view);
    return view;
  };
  const recordOf = (ref: ElectionRef): LeaderRecord => {
    const key = electionKey(ref);
    const record = records.get(key) ?? readKnown(source, bare(ref), parted.parts.get(key));
    records.set(key, record);
    return record;
  };
  const isFirst = (ref: ElectionRef): boolean => refs[0] !== undefined && isSameElection(refs[0], ref);
  const viewWith = (ref: ElectionRef, decided?: ReadonlyMap<string, Decided>): Snapshot => {
    const view = bare(ref);
    const { election } = view;
    if (election === undefined) return view;
    const siblings = refs
      .filter((each) => !isSameElection(each, ref))
      .map((each) => ({ ...each, isWanted: isKept(each) }));
    return {
      ...view,
      election: {
        ...election,
        ...sharedWith(ref, siblings, source, recordOf, decided),
        ...(isFirst(ref) && {
          warnings: electionWarnings(source.annotations),
          inherited: siblings.filter((each) => !each.isWanted).flatMap((each) => recordOf(each).verdicts),
        }),
        reserved: reservedFor(ref, refs, owners, source, parted),
      },
    };
  };
  return {
    refs,
    view(ref, decided) {
      if (decided !== undefined) return viewWith(ref, decided);
      const key = electionKey(ref);
      const view = views.get(key) ?? viewWith(ref);
      views.set(key, view);
      return view;
    },
  };
}

interface Read extends Pick<Part, 'services' | 'slices'> {
  readonly source: ServiceView;
  readonly record: LeaderRecord;
}

/** By the first slice. After a write to one election, the records of the others are the same. */
const read = new WeakMap<SliceView, Read>();

function readKnown(source: ServiceView, view: Snapshot, part: Part | undefined): LeaderRecord {
  const [first] = part?.slices ?? [];
  if (part === undefined || first === undefined || part.ref.slot > 0) return readRecord(view);
  const known = read.get(first);
  const { services, slices } = part;
  const isSame = known?.source === source && isSameList(known.services, services) && isSameList(known.slices, slices);
  if (isSame) return known.record;
  const record = readRecord(view);
  read.set(first, { source, services, slices, record });
  return record;
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}

/** One view of each election, by the records. Where the source has one, the snapshot itself. */
export function viewsOf(snapshot: Snapshot): readonly [Snapshot, ...Snapshot[]] {
  const elections = electionsOf(snapshot);
  const [first, ...others] = elections?.refs.map((ref) => elections.view(ref)) ?? [snapshot];
  return [first ?? snapshot, ...others];
}

/** The view of one election; undefined where the source has none of this name and slot. */
export function viewOf(snapshot: Snapshot, ref: ElectionRef): Snapshot | undefined {
  const elections = electionsOf(snapshot);
  if (elections === null) return isSameElection(ref, theElection) ? snapshot : undefined;
  return elections.refs.some((each) => isSameElection(each, ref)) ? elections.view(ref) : undefined;
}

function hasObjectsOfElections({ services, slices }: Snapshot): boolean {
  return (
    slices.some(({ election, slot }) => election !== undefined || slot !== undefined) ||
    services.some(({ labels }) => labels[label.election] !== undefined)
  );
}

/** What cannot be read removes nothing: the elections and slots that there are stay. */
function wantedRefs(
  { annotations }: ServiceView,
  names: readonly string[] | null,
  { parts }: Partition,
): readonly ElectionRef[] {
  const existing = [...parts.values()].map(({ ref }) => ref).toSorted(compareRefs);
  const known = names ?? [...new Set(existing.map(({ election }) => election))];
  return (known.length === 0 ? [theElection.election] : known).flatMap((name) => {
    const last = Math.max(0, ...existing.filter(({ election }) => election === name).map(({ slot }) => slot));
    return slotsOf(name, activeOf(annotations, name) ?? last + 1);
  });
}

function slotsOf(election: string, active: number): readonly ElectionRef[] {
  return Array.from({ length: Math.min(active, MAX_ACTIVE) }, (_, slot) => ({ election, slot }));
}

function compareRefs(a: ElectionRef, b: ElectionRef): number {
  return compareText(a.election, b.election) || a.slot - b.slot;
}

function isUnreadableBoolean(text: string | undefined): boolean {
  return text !== undefined && parseBoolean(text) === null;
}

/** The view without what it shares with its siblings. */
function bareView(
  snapshot: Snapshot,
  source: ServiceView,
  ref: ElectionRef,
  { parts, foreign }: Partition,
  isWanted: boolean,
): Snapshot {
  const part = parts.get(electionKey(ref));
  const { annotations, keys } = annotationsOf(source.annotations, ref.election);
  const election: ElectionView = {
    ...ref,
    isWanted,
    keys,
    warnings: [],
    hasUnreadable: isUnreadableElection(source, ref),
    taken: noPods,
    pool: noPods,
    avoided: noPods,
    barred: noPods,
    verdicts: [],
    inherited: [],
    reserved: { services: new Set(), slices: new Set() },
  };
  return {
    ...snapshot,
    source: { ...source, annotations: withPinOf(ref, annotations) },
    services: [...servicesOf(ref, parts), ...foreign.services],
    slices: [...(part?.slices ?? []), ...foreign.slices],
    election,
  };
}

/**
 * A pin in a pool may name its slot: `web-3@1`. Without it, the first slot that can takes the pod.
 */
function withPinOf({ slot }: ElectionRef, annotations: ServiceView['annotations']): ServiceView['annotations'] {
  const { [annotation.pinLeader]: pin, ...rest } = annotations;
  const [, pod, of] = /^([^@]{1,253})@(0|[1-9]\d?)$/.exec(pin ?? '') ?? [];
  if (pod === undefined) return annotations;
  return Number(of) === slot ? { ...rest, [annotation.pinLeader]: pod } : rest;
}

function isUnreadableElection({ annotations }: ServiceView, { election }: ElectionRef): boolean {
  const spread = readOwn(annotations, election, annotation.spread);
  return (
    electionNames(annotations) === null ||
    activeOf(annotations, election) === null ||
    (spread !== undefined && parseSpread(spread) === null)
  );
}

/** For a sibling that was decided on before the next one is. */
export function noteDecided(decided: Map<string, Decided>, ref: ElectionRef, { leader, plan }: Decision): void {
  decided.set(electionKey(ref), { leader: leader?.uid, left: plan?.overlap?.pod.uid });
}
