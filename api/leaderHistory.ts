/**
 * Shows the history of a Service's leaders in the status API and in `zen-lead explain`.
 * docs/reference/objects.md#the-history
 */

import { z } from 'zod';
import { formatRfc3339 } from '../lib/events/rfc3339.ts';
import { readHistory } from '../lib/selection/history.ts';
import type { LeaderRecord } from '../lib/selection/record.ts';

export const changeSchema = z.object({
  epoch: z.int().min(0),
  pod: z.string().nullable().meta({ description: 'Null where no pod led.' }),
  reason: z.string(),
  at: z.string().nullable().meta({ format: 'date-time', description: 'Null where the record did not say.' }),
});
export type StatusChange = Readonly<z.infer<typeof changeSchema>>;

/** At most ten changes, the newest first. */
export function toStatusHistory({ service, slice }: LeaderRecord, slot = 0): StatusChange[] {
  return readHistory(service, slice, slot).map(({ at, ...change }) => ({
    ...change,
    at: at === null ? null : formatRfc3339(at),
  }));
}
