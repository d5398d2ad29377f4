/**
 * readRecord: reads from our own objects the last decision and its announcement.
 * docs/reference/objects.md#the-record.
 *
 * The primary slice comes first. What was lost with it, by hand or by deletion, is found on the
 * other family's slice or on the leader Service. So a fit leader stays (S8) and the epoch never
 * goes down (S4).
 */

import { compareRevisions } from './compareRevisions.ts';
import { compareText } from './compareText.ts';
import type { Leader } from './decision.ts';
import { type Demotion, parseDemotion } from './demotion.ts';
import { type HandoverFrom, parseHandoverFrom } from './handover.ts';
import { annotation, label } from './names.ts';
import { type OutsideVerdict, parseVerdicts } from './outsideVerdict.ts';
import { findOwned, type Owned } from './ownership.ts';
import { parseScaleRecord, type ScaleRecord } from './scaleRecord.ts';
import { parseSettings } from './settings.ts';
import type { EndpointView, ServiceView, SliceView, Snapshot, Uid } from './snapshot.ts';
import { namesWantedWith } from './wantedNames.ts';

export interface LeaderRecord {
  /** The slice that holds the record. Null when there is none, or only the remains of one. */
  readonly slice: SliceView | null;
  /** The leader Service that the record belongs to, if it exists and is ours. */
  readonly service: ServiceView | null;
  /** What the leader Service is or was called. Null when none of our objects says it. */
  readonly leaderServiceName: string | null;
  readonly leader: Leader | null;
  /** The address that the record's slice routes to. Null when it routes to no pod. */
  readonly routedAddress: string | null;
  /** The greatest epoch that any of our objects has. 0 when there is none. */
  readonly knownEpoch: number;
  readonly lastSwitchAt: number | undefined;
  /** Why the leader was elected, as it is written. */
  readonly reason: string | undefined;
  /** The newest that any of our slices was decided on. */
  readonly podsRevision: string | undefined;
  readonly servicesRevision: string | undefined;
  readonly lastNode: string | undefined;
  readonly lastZone: string | undefined;
  /** What becomes of the pod that was left last. Null where nothing is asked for. */
  readonly demotion: Demotion | null;
  /** Whom the leader has taken over from and is routed to beside it. Null where it is alone. */
  readonly handoverFrom: HandoverFrom | null;
  /** What callers from outside said of pods, as it stands there; also what has ended. */
  readonly verdicts: readonly OutsideVerdict[];
  /** What scale-down has done or asks for. Null where it has nothing to say. */
  readonly scale: ScaleRecord | null;
  /** The outbox: what has been announced. */
  readonly announced: { readonly epoch: number | null; readonly leaderUid: string | null };
}

export function readRecord(snapshot: Snapshot): LeaderRecord {
  return readOwn(snapshot).record;
}

/** What is ours in a snapshot, and what it says. */
export interface Own {
  /** Names that the source wants, the leader Service's first. */
  readonly wanted: readonly string[];
  readonly owned: Owned;
  readonly record: LeaderRecord;
}

/** A reconcile asks for the record of its snapshot five times. */
const known = new WeakMap<Snapshot, Own>();

export function readOwn(snapshot: Snapshot): Own {
  const read = known.get(snapshot) ?? findOwn(snapshot);
  known.set(snapshot, read);
  return read;
}

function findOwn(snapshot: Snapshot): Own {
  const { source, election } = snapshot;
  const wanted =
    source === null ? [] : namesWantedWith(source, parseSettings(source.annotations).settings, election?.election);
  const owned = findOwned(snapshot, wanted);
  return { wanted, owned, record: recordOf(owned, wanted[0], election?.slot) };
}

/**
 * Two records may have one epoch after a rename, or a change of the primary family, was cut short.
 * Then the one under `preferredName` wins, and of its two slices the one that was decided on the
 * newer state. S9 compares a snapshot with what was decided last.
 */
export function recordOf(owned: Owned, preferredName: string | undefined, slot = 0): LeaderRecord {
  const slice = findRecordSlice(owned, preferredName);
  const leaderServices = owned.services
    .filter((service) => service.labels[label.role] === undefined)
    .toSorted(
      (a, b) =>
        standingOf(b, owned, preferredName) - standingOf(a, owned, preferredName) || compareText(a.name, b.name),
    );
  const leaderServiceName = slice?.serviceName ?? leaderServices[0]?.name ?? servedByRemains(owned);
  const service = leaderServices.find(({ name }) => name === leaderServiceName) ?? null;
  const notes = slice?.annotations ?? {};
  return {
    slice,
    service,
    leaderServiceName,
    leader: readLeader(slice, owned, service),
    routedAddress: leaderEndpoint(slice)?.addresses[0] ?? null,
    knownEpoch: greatestEpoch([
      ...owned.slices.flatMap((each) => [
        each.annotations[annotation.epoch],
        each.annotations[annotation.announcedEpoch],
      ]),
      ...owned.services.map((each) => each.annotations[annotation.announcedEpoch]),
    ]),
    lastSwitchAt: parseInstant(notes[annotation.leaderLastSwitchTime]),
    reason: notes[annotation.reason],
    podsRevision: newestRevision(annotation.podsRevision, slice, owned),
    servicesRevision: newestRevision(annotation.servicesRevision, slice, owned),
    lastNode: notes[annotation.lastNode],
    lastZone: notes[annotation.lastZone],
    demotion: parseDemotion(notes[annotation.demotion]),
    handoverFrom: parseHandoverFrom(notes[annotation.handoverFrom]),
    verdicts: parseVerdicts(notes[annotation.verdicts]),
    scale: parseScaleRecord(notes[annotation.scaleState]),
    announced: readAnnounced(slice, service, slot),
  };
}

/** Only the primary slice carries a pods-revision, which makes it the record. */
function findRecordSlice(owned: Owned, preferredName: string | undefined): SliceView | null {
  const records = owned.slices.filter((slice) => slice.annotations[annotation.podsRevision] !== undefined);
  const rank = (slice: SliceView): number => parseEpoch(slice.annotations[annotation.epoch]) ?? 0;
  const prefers = (slice: SliceView): number => Number(slice.serviceName === preferredName);
  const [first] = [...records].sort(
    (a, b) => rank(b) - rank(a) || prefers(b) - prefers(a) || compareBasis(b, a) || compareText(a.name, b.name),
  );
  return first ?? null;
}

/** Where record and leader Service are gone, the slice of the other family says the name. */
function servedByRemains({ slices }: Owned): string | null {
  const remains = slices.filter(({ annotations }) => annotations[annotation.epoch] !== undefined);
  const names = remains.flatMap(({ serviceName }) => (serviceName === null ? [] : [serviceName]));
  return names.toSorted(compareText)[0] ?? null;
}

/**
 * S9 compares a snapshot with what was decided last. After a rename that was cut short, another
 * slice may have been decided on newer state than the record.
 */
function newestRevision(key: string, record: SliceView | null, { slices }: Owned): string | undefined {
  if (record === null) return undefined;
  return slices.reduce((newest, { annotations }) => {
    const revision = annotations[key];
    if (revision === undefined || newest === undefined) return newest ?? revision;
    return compareRevisions(revision, newest) === 'newer' ? revision : newest;
  }, record.annotations[key]);
}

/** Positive where `a` was decided on the newer state. */
function compareBasis(a: SliceView, b: SliceView): number {
  for (const key of [annotation.podsRevision, annotation.servicesRevision]) {
    const order = compareRevisions(a.annotations[key] ?? '', b.annotations[key] ?? '');
    if (order === 'newer' || order === 'older') return order === 'newer' ? 1 : -1;
  }
  return 0;
}

/**
 * Ranks leader Services where there is no record: the wanted one, then one that has our slices,
 * then one that is not orphaned.
 */
function standingOf({ name, owner }: ServiceView, { slices }: Owned, preferredName: string | undefined): number {
  if (name === preferredName) return 3;
  if (slices.some((slice) => slice.serviceName === name)) return 2;
  return owner === null ? 0 : 1;
}

function readLeader(slice: SliceView | null, owned: Owned, service: ServiceView | null): Leader | null {
  if (slice !== null) {
    const uid = slice.annotations[annotation.leaderPodUid];
    const name = slice.annotations[annotation.leaderPodName];
    if (uid !== undefined && name !== undefined) {
      const nodeName = slice.annotations[annotation.lastNode];
      const zone = slice.annotations[annotation.lastZone];
      return toLeader(name, uid as Uid, nodeName, zone);
    }
    // Either no pod leads, or a hand removed the annotation. An endpoint alone is not trusted,
    // because any client with the right may add one.
    const routed = leaderOfEndpoint(slice);
    return routed !== null && routed.uid === service?.annotations[annotation.leaderPodUid] ? routed : null;
  }
  for (const each of owned.slices) {
    const leader = each.annotations[annotation.epoch] === undefined ? null : leaderOfEndpoint(each);
    if (leader !== null) return leader;
  }
  const uid = service?.annotations[annotation.leaderPodUid];
  const name = service?.annotations[annotation.leaderPodName];
  return uid === undefined || name === undefined ? null : toLeader(name, uid as Uid);
}

/** The leader comes first, also where a handover overlaps. A hand may have sorted them. */
function leaderEndpoint(slice: SliceView | null): EndpointView | undefined {
  const endpoints = slice?.spec?.endpoints ?? [];
  const uid = slice?.annotations[annotation.leaderPodUid];
  return endpoints.find(({ targetRef }) => targetRef?.uid === uid) ?? endpoints[0];
}

function leaderOfEndpoint(slice: SliceView): Leader | null {
  const endpoint = leaderEndpoint(slice);
  if (endpoint?.targetRef?.kind !== 'Pod') return null;
  return toLeader(endpoint.targetRef.name, endpoint.targetRef.uid, endpoint.nodeName, endpoint.zone);
}

function readAnnounced(slice: SliceView | null, service: ServiceView | null, slot: number): LeaderRecord['announced'] {
  const onSlice = isAnnouncedOnSlice(service, slot);
  const notes = (onSlice ? slice?.annotations : service?.annotations) ?? {};
  const uidKey = onSlice ? annotation.announcedLeaderPodUid : annotation.leaderPodUid;
  return { epoch: parseEpoch(notes[annotation.announcedEpoch]), leaderUid: notes[uidKey] ?? null };
}

/**
 * The record of announcements stands on the leader Service, or on the slice where that Service is a
 * LoadBalancer (docs/reference/events.md#announcements). The slots of a pool share one Service,
 * which has that of the first one.
 */
export function isAnnouncedOnSlice(service: Pick<ServiceView, 'type'> | null, slot: number): boolean {
  return service?.type === 'LoadBalancer' || slot > 0;
}

export function toLeader(name: string, uid: Uid, nodeName?: string, zone?: string): Leader {
  return { name, uid, ...(nodeName !== undefined && { nodeName }), ...(zone !== undefined && { zone }) };
}

function greatestEpoch(texts: readonly (string | undefined)[]): number {
  return Math.max(0, ...texts.map((text) => parseEpoch(text) ?? 0));
}

export function parseEpoch(text: string | undefined): number | null {
  if (text === undefined || !/^\d+$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

function parseInstant(text: string | undefined): number | undefined {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
