/**
 * Holds the zod schema of a reply's data, which gives the published JSON Schema
 * (`replyDataSchema`). The compiler checks it against `ReplyData`.
 */

import { z } from 'zod';
import { type Leader, reasons } from '../selection/decision.ts';
import { MAX_RECHECK_MS } from './recheckDelay.ts';
import type { ReplyData } from './reply.ts';
import { snapshotSchema, uid } from './snapshotSchema.ts';

const leader = z.object({
  name: z.string().min(1),
  uid,
  nodeName: z.string().exactOptional(),
  zone: z.string().exactOptional(),
}) satisfies z.ZodType<Leader>;

export const replyDataZod = z.object({
  decision: z.enum(['elected', 'kept', 'lost', 'refused']),
  reason: z.enum(reasons),
  previous: leader.nullable(),
  leader: leader.nullable(),
  epoch: z.int().min(0).meta({ description: 'Fencing token: grows by one when a pod is elected, never goes down.' }),
  basis: z.enum(['event', 'read']).meta({ description: 'Whether the snapshot in the event was decided on.' }),
  snapshot: snapshotSchema.exactOptional(),
  recheckAfterMs: z.int().min(0).max(MAX_RECHECK_MS).exactOptional(),
  carry: z.string().exactOptional(),
  goneAnnounced: uid
    .exactOptional()
    .meta({ description: 'Of the deleted Service in the event: its end is announced.' }),
}) satisfies z.ZodType<ReplyData>;
