/**
 * Holds the zod schema of a reconcile event's data, which gives the published JSON Schema
 * (`reconcileDataSchema`). The compiler checks it against `ReconcileData`.
 */

import { z } from 'zod';
import { observationsSchema } from './observationsSchema.ts';
import type { Change, ReconcileData } from './reconcileEvent.ts';
import { goneSourceSchema, snapshotSchema } from './snapshotSchema.ts';

/** Bounds what a caller can make us carry around. Ours holds what was written to each object. */
const MAX_CARRY = 4096;

const change = z.object({
  kind: z.enum(['Pod', 'Service', 'EndpointSlice']),
  name: z.string(),
  uid: z.string().exactOptional(),
  resourceVersion: z.string().exactOptional(),
  verb: z.enum(['added', 'modified', 'deleted', 'drifted', 'resync', 'recheck', 'checked']),
}) satisfies z.ZodType<Change>;

export const reconcileDataZod = z.object({
  change: change.meta({ description: 'What was seen.' }),
  deadline: z.int().min(0).meta({ description: 'Epoch milliseconds; past it the snapshot is a hint.' }),
  snapshot: snapshotSchema.exactOptional(),
  observations: observationsSchema.exactOptional(),
  carry: z.string().max(MAX_CARRY).exactOptional().meta({ description: 'Opaque, from the last reply.' }),
  gone: goneSourceSchema
    .exactOptional()
    .meta({ description: 'A deleted Service of this name whose end has not been announced.' }),
}) satisfies z.ZodType<ReconcileData>;
