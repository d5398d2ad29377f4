/**
 * Holds the zod schemas of the data of a flow's event and of its reply, which give the published
 * JSON Schemas.
 *
 * Guarantees: a snapshot with a field that this version does not know cannot be read, so that a
 * function reads the state instead of deciding on half of it. The compiler asks for a row for each
 * field that decisions read.
 */

import { z } from 'zod';
import { MAX_RECHECK_MS } from '../../events/recheckDelay.ts';
import { stepPhases } from '../state/record.ts';
import type { JobOutcome, JobView } from '../state/snapshot.ts';
import { flowFactsZod } from './factsSchema.ts';
import type { FlowChange, FlowEventData } from './flowEvent.ts';
import type { PackedFlow, PackedRecord, PackedSnapshot } from './packSnapshot.ts';

/** A row for each field of T, those that may be absent too. */
type Rows<T> = { readonly [Key in keyof Required<T>]: z.ZodType };

/** Bounds what a caller can make us carry around; ours holds an instant. */
const MAX_CARRY = 64;

const outcome = z.strictObject({
  kind: z.enum(['Complete', 'Failed']),
  reason: z.string(),
  at: z.int(),
} satisfies Rows<JobOutcome>);

const job = z.strictObject({
  name: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  step: z.string(),
  attempt: z.int().min(0),
  isOurs: z.boolean().meta({ description: 'The flow is its controller, by uid.' }),
  terminating: z.boolean(),
  outcome: outcome.nullable().meta({ description: 'By the conditions of the Job; null while it runs.' }),
  exitCode: z.int().exactOptional(),
  suspended: z.boolean().exactOptional(),
  held: z.enum(['once', 'suspend']).exactOptional().meta({ description: 'zen-flow suspended it, and why.' }),
} satisfies Rows<JobView>);

const flow = z.strictObject({
  object: z
    .record(z.string(), z.unknown())
    .meta({ description: 'The JobFlow: metadata, spec and status, without what no decision reads.' }),
  specHash: z.string().meta({ description: 'Of the whole spec.' }),
  isPartial: z.boolean().meta({ description: 'Templates are left out that are not about to start.' }),
} satisfies Rows<PackedFlow>);

const record = z.strictObject({
  uid: z.string(),
  resourceVersion: z.string(),
  data: z.string().meta({ description: 'The text of the JobFlowRecord; empty before its first write.' }),
} satisfies Rows<PackedRecord>);

export const packedSnapshotZod = z.strictObject({
  flow: flow.nullable().meta({ description: 'Null when it is gone.' }),
  record: record.nullable(),
  jobs: z.array(job),
  revisions: z
    .strictObject({ flows: z.string(), jobs: z.string() })
    .meta({ description: 'What the watches had delivered.' }),
} satisfies Rows<PackedSnapshot>);

const change = z.object({
  kind: z.enum(['JobFlow', 'JobFlowRecord', 'Job']),
  name: z.string(),
  verb: z.enum(['added', 'modified', 'deleted', 'resync', 'recheck']),
}) satisfies z.ZodType<FlowChange>;

export const flowEventDataZod = z.object({
  change: change.meta({ description: 'What was seen. No decision depends on it.' }),
  deadline: z.int().min(0).meta({ description: 'Epoch milliseconds; past it the snapshot is a hint.' }),
  snapshot: packedSnapshotZod.exactOptional().meta({ description: 'Absent in a hint.' }),
  compressed: z.base64().exactOptional().meta({
    description: 'Instead of `snapshot`, where that would not fit into an event: gzip of its JSON, in base64.',
  }),
  carry: z.string().max(MAX_CARRY).exactOptional().meta({ description: 'Opaque, from the last reply.' }),
}) satisfies z.ZodType<FlowEventData<PackedSnapshot>>;

const stepChange = z.object({
  step: z.string(),
  from: z.enum(stepPhases),
  to: z.enum(stepPhases),
  reason: z.string().nullable(),
  attempt: z.int().min(0),
});

export const flowReplyDataZod = z.object({
  decision: z.enum(['advanced', 'kept', 'finished', 'refused']),
  phase: z.string().nullable().meta({ description: 'Of the flow; null where it is not known.' }),
  reason: z.string().nullable(),
  changes: z.array(stepChange).meta({ description: 'Every change of phase that was decided on.' }),
  basis: z.enum(['event', 'read']).meta({ description: 'Whether the snapshot in the event was decided on.' }),
  snapshot: z
    .record(z.string(), z.unknown())
    .exactOptional()
    .meta({ description: 'The state that was read, as in an event; for a trusted sender.' }),
  facts: flowFactsZod
    .exactOptional()
    .meta({ description: 'What else the decision had to read: outputs, keys of ConfigMaps, kept results, the group.' }),
  recheckAfterMs: z.int().min(0).max(MAX_RECHECK_MS).exactOptional(),
  carry: z.string().exactOptional(),
});
