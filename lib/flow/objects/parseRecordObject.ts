/** Parses a JobFlowRecord: an object that holds the record of one flow as a text. */

import { takeFields, takeOptionalString } from '../../kube/fields.ts';
import { parseRecord } from '../state/record.ts';
import type { RecordView } from '../state/snapshot.ts';
import { type Owned, parseOwned } from './parseOwned.ts';

export interface WatchedRecord extends RecordView, Owned {}

export function parseRecordObject(input: unknown): WatchedRecord {
  const object = takeFields(input, 'jobflowrecord');
  const text = takeOptionalString(object, 'data', 'jobflowrecord') ?? '';
  const owned = parseOwned(takeFields(object['metadata'], 'metadata'));
  return { ...owned, record: text === '' ? null : (parseRecord(text) ?? 'unreadable') };
}
