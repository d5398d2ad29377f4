/**
 * Parses the metadata of a Service or an EndpointSlice, cut down to what the rules read.
 *
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
 */

import { boundValue, MAX_LIST_LENGTH } from '../selection/boundValue.ts';
import { annotation, electionOf, isKnownAnnotation, isOurAnnotation } from '../selection/names.ts';
import type { OwnerView, ResourceVersion, Uid } from '../selection/snapshot.ts';
import { type Fields, takeFields, takeList, takeOptionalBoolean, takeOptionalFields, takeString } from './fields.ts';

export interface Metadata {
  readonly namespace: string;
  readonly name: string;
  readonly uid: Uid;
  readonly resourceVersion: ResourceVersion;
  readonly annotations: Readonly<Record<string, string>>;
  /** The ownerReference with `controller: true`. */
  readonly owner: OwnerView | null;
  readonly terminating: boolean;
}

/**
 * Keeps only the annotations `zen-lead.io/*`. `kubectl.kubernetes.io/last-applied-configuration`
 * alone can be 256 KiB.
 */
export function parseMetadata(metadata: Fields): Metadata {
  return {
    namespace: takeString(metadata, 'namespace', 'metadata'),
    name: takeString(metadata, 'name', 'metadata'),
    uid: takeString(metadata, 'uid', 'metadata') as Uid,
    resourceVersion: takeString(metadata, 'resourceVersion', 'metadata') as ResourceVersion,
    annotations: takeOurAnnotations(metadata),
    owner: parseController(metadata),
    terminating: metadata['deletionTimestamp'] !== undefined && metadata['deletionTimestamp'] !== null,
  };
}

/** Misspelt names are kept so that `explain` can name them. A tenant may write thousands. */
const MAX_UNKNOWN = 16;
/** Eight elections with every setting have fewer. */
const MAX_OF_ELECTIONS = 256;

function takeOurAnnotations(metadata: Fields): Readonly<Record<string, string>> {
  let unknown = 0;
  let ofElections = 0;
  const isOfElection = (key: string): boolean => isKnownAnnotation(electionOf(key)?.key ?? '');
  return takeStringMap(metadata, 'annotations', (key) => {
    if (isKnownAnnotation(key)) return true;
    if (!isOurAnnotation(key)) return false;
    return isOfElection(key) ? ofElections++ < MAX_OF_ELECTIONS : unknown++ < MAX_UNKNOWN;
  });
}

/** Annotations that hold a list, with the characters that it may have. */
const lists: Readonly<Record<string, number>> = {
  [annotation.leaderHistory]: MAX_LIST_LENGTH,
  [annotation.verdicts]: MAX_LIST_LENGTH,
};

/** The labels or annotations that `keep` wants, each cut by `boundValue`. */
export function takeStringMap(
  metadata: Fields,
  key: 'labels' | 'annotations',
  keep: (key: string) => boolean,
): Readonly<Record<string, string>> {
  const map = takeOptionalFields(metadata, key, 'metadata');
  const kept: Record<string, string> = {};
  for (const name in map) {
    // An annotation may be empty; `takeString` would refuse that.
    if (keep(name)) kept[name] = boundValue(takeText(map, name, `metadata.${key}`), lists[name]);
  }
  return kept;
}

export function takeText(fields: Fields, key: string, path: string): string {
  const value = fields[key];
  return value === '' ? '' : takeString(fields, key, path);
}

function parseController(metadata: Fields): OwnerView | null {
  for (const reference of takeList(metadata, 'ownerReferences', 'metadata')) {
    const path = 'metadata.ownerReferences[]';
    const owner = takeFields(reference, path);
    if (takeOptionalBoolean(owner, 'controller', path) !== true) continue;
    return {
      kind: takeString(owner, 'kind', path),
      name: takeString(owner, 'name', path),
      uid: takeString(owner, 'uid', path) as Uid,
    };
  }
  return null;
}
