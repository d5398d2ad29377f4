/** describeScaleWrite: words one write of a run of scale-down as one line of a trace. */

import type { ObservedWrite } from '../apiServer.ts';
import { describeWrite } from '../describeWrite.ts';

export function describeScaleWrite(write: ObservedWrite, at: number): string {
  const { request } = write;
  const line = `${String(Math.round(at)).padStart(7)} ${describeWrite(write)}`;
  if (request.verb !== 'patch') return line;
  const { metadata, ...rest } = request.patch;
  const { annotations, deletionTimestamp } = Object(metadata);
  return `${line} ${JSON.stringify({ annotations, deletionTimestamp, ...rest })}`;
}
