/** Parses a JobFlowRecord: an object that holds the record of one flow as a text. */

import {
  type Fields,
  takeFields,
  takeList,
  takeOptionalFields,
  takeOptionalString,
  takeString,
} from '../../kube/fields.ts';
import { label } from '../state/names.ts';
import { parseRecord } from '../state/record.ts';
import type { RecordView } from '../state/snapshot.ts';

export interface WatchedRecord extends RecordView {
  readonly namespace: string;
  readonly name: string;
  /** The name of the flow, by its label. */
  readonly flow: string;
  readonly ownerUid: string | null;
}

export function parseRecordObject(input: unknown): WatchedRecord {
  const object = takeFields(input, 'jobflowrecord');
  const metadata = takeFields(object['metadata'], 'metadata');
  const labels = takeOptionalFields(metadata, 'labels', 'metadata') ?? {};
  const text = takeOptionalString(object, 'data', 'jobflowrecord') ?? '';
  return {
    namespace: takeString(metadata, 'namespace', 'metadata'),
    name: takeString(metadata, 'name', 'metadata'),
    uid: takeString(metadata, 'uid', 'metadata'),
    resourceVersion: takeString(metadata, 'resourceVersion', 'metadata'),
    flow: takeOptionalString(labels, label.flow, 'metadata.labels') ?? '',
    ownerUid: controllerUid(metadata),
    record: text === '' ? null : (parseRecord(text) ?? 'unreadable'),
  };
}

/** Null without a controller. */
export function controllerUid(metadata: Fields): string | null {
  for (const reference of takeList(metadata, 'ownerReferences', 'metadata')) {
    const owner = takeFields(reference, 'metadata.ownerReferences[]');
    if (owner['controller'] === true) return takeOptionalString(owner, 'uid', 'metadata.ownerReferences[]') ?? null;
  }
  return null;
}
