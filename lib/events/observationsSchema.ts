/**
 * Holds the zod schema of the observations that travel beside a snapshot. The compiler checks it
 * against the types of `lib/selection/observation.ts`.
 *
 * Guarantees: every list and text has a bound.
 */

import { z } from 'zod';
import { MAX_VALUE_LENGTH } from '../selection/boundValue.ts';
import {
  MAX_NODE_OBSERVATIONS,
  MAX_POD_OBSERVATIONS,
  type NodeObservation,
  type Observations,
  type PodObservation,
} from '../selection/observation.ts';
import { detail, instant, name, nodeState, observer, role, uid, verdict } from './snapshotSchema.ts';

const podObservation = z.object({
  uid,
  check: z
    .string()
    .max(MAX_VALUE_LENGTH)
    .meta({ description: 'The check that was judged, as the annotation says it.' }),
  verdict,
  role: role.exactOptional(),
  since: instant.meta({ description: 'When verdict or role last changed, or was first given.' }),
  detail: detail.exactOptional().meta({ description: 'Why the check failed.' }),
}) satisfies z.ZodType<PodObservation>;

const nodeObservation = nodeState.extend({ name }) satisfies z.ZodType<NodeObservation>;

export const observationsSchema = z
  .object({
    observer,
    pods: z.array(podObservation).max(MAX_POD_OBSERVATIONS),
    nodes: z.array(nodeObservation).max(MAX_NODE_OBSERVATIONS).exactOptional(),
  })
  .meta({ description: 'What the bridge saw by itself; used until the deadline.' }) satisfies z.ZodType<Observations>;
