/**
 * Holds the zod schema of a reply's data, which gives the published JSON Schema
 * (`replyDataSchema`). The compiler checks it against `ReplyData`.
 */

import { z } from 'zod';
import { type Leader, reasons } from '../selection/decision.ts';
import { MAX_RECHECK_MS } from './recheckDelay.ts';
import type { ElectionReply, ReplyData } from './reply.ts';
import { snapshotSchema, uid } from './snapshotSchema.ts';

const leader = z.object({
  name: z.string().min(1),
  uid,
  nodeName: z.string().exactOptional(),
  zone: z.string().exactOptional(),
}) satisfies z.ZodType<Leader>;

const decision = z.enum(['elected', 'kept', 'lost', 'refused']);

const electionReply = z.object({
  election: z.string().max(63),
  slot: z.int().min(0).max(99),
  decision,
  reason: z.enum(reasons),
  previous: leader.nullable(),
  leader: leader.nullable(),
  epoch: z.int().min(0),
}) satisfies z.ZodType<ElectionReply>;

/** Eight elections of sixteen slots, and as many that are about to go. */
const MAX_REPLIES = 256;

export const replyDataZod = z.object({
  decision,
  reason: z.enum(reasons),
  previous: leader.nullable(),
  leader: leader.nullable(),
  epoch: z.int().min(0).meta({ description: 'Fencing token: grows by one when a pod is elected, never goes down.' }),
  basis: z.enum(['event', 'read']).meta({ description: 'Whether the snapshot in the event was decided on.' }),
  snapshot: snapshotSchema.exactOptional(),
  elections: z.array(electionReply).max(MAX_REPLIES).exactOptional(),
  recheckAfterMs: z.int().min(0).max(MAX_RECHECK_MS).exactOptional(),
  carry: z.string().exactOptional(),
  goneAnnounced: uid
    .exactOptional()
    .meta({ description: 'Of the deleted Service in the event: its end is announced.' }),
}) satisfies z.ZodType<ReplyData>;
