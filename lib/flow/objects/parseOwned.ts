/** Parses what records and Jobs of flows have in common: who they are, and whose. */

import {
  type Fields,
  takeFields,
  takeList,
  takeOptionalFields,
  takeOptionalString,
  takeString,
} from '../../kube/fields.ts';
import { label } from '../state/names.ts';

export interface Owned {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The name of the flow, by its label. */
  readonly flow: string;
  /** Of the controller; null without one. */
  readonly ownerUid: string | null;
}

export function parseOwned(metadata: Fields): Owned {
  return {
    namespace: takeString(metadata, 'namespace', 'metadata'),
    name: takeString(metadata, 'name', 'metadata'),
    uid: takeString(metadata, 'uid', 'metadata'),
    resourceVersion: takeString(metadata, 'resourceVersion', 'metadata'),
    flow: takeOptionalString(labelsOf(metadata), label.flow, 'metadata.labels') ?? '',
    ownerUid: controllerUid(metadata),
  };
}

export function labelsOf(metadata: Fields): Fields {
  return takeOptionalFields(metadata, 'labels', 'metadata') ?? {};
}

export function controllerUid(metadata: Fields): string | null {
  for (const reference of takeList(metadata, 'ownerReferences', 'metadata')) {
    const owner = takeFields(reference, 'metadata.ownerReferences[]');
    if (owner['controller'] === true) return takeOptionalString(owner, 'uid', 'metadata.ownerReferences[]') ?? null;
  }
  return null;
}
