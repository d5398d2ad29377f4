/** describeFlowWrite: words one write of a run of flows as one line of a trace. */

import { parseRecordObject } from '../../../lib/flow/objects/parseRecordObject.ts';
import { isObject } from '../../../lib/flow/spec/fieldReader.ts';
import type { ObservedWrite } from '../apiServer.ts';
import { describeWrite } from '../describeWrite.ts';

export function describeFlowWrite(write: ObservedWrite, at: number): string {
  const { plural, request, after } = write;
  const line = `${String(at).padStart(7)} ${describeWrite(write)}`;
  if (plural === 'jobflowrecords' && after !== null) return `${line} ${describeRecord(after)}`;
  return request.verb === 'patch' ? `${line} ${wishOf(request.patch)}` : line;
}

function describeRecord(object: object): string {
  const { record } = parseRecordObject(object);
  if (record === null || record === 'unreadable') return String(record);
  const { rev, flowRevision, jobsRevision, steps } = record;
  const rows = steps.map(
    ({ name, phase, reason, attempt, jobUid }) =>
      `${name} ${[phase, reason, attempt, jobUid].filter((part) => part !== null).join(' ')}`,
  );
  return `rev ${rev}, flow ${flowRevision}, jobs ${jobsRevision}: ${rows.join(' · ')}`;
}

/** Without a status, which follows from the record. */
function wishOf(patch: object): string {
  const { metadata, status, ...rest } = Object(patch);
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined;
  const { conditions } = Object(status);
  return JSON.stringify({
    ...rest,
    ...(annotations !== undefined && { annotations }),
    ...(conditions && { conditions }),
  });
}
