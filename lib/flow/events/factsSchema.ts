/** Holds the zod schema of the facts that a recorded decision about a flow had read. */

import { z } from 'zod';
import type { Facts } from '../state/facts.ts';

const values = z.record(z.string(), z.string());

const memo = z.object({
  uid: z.string(),
  resourceVersion: z.string(),
  storedAt: z.number(),
  outputs: values,
});

const group = z.object({
  lease: z.object({ uid: z.string(), resourceVersion: z.string(), holderUid: z.string() }).nullable(),
  holder: z
    .object({
      name: z.string(),
      uid: z.string(),
      resourceVersion: z.string(),
      createdAt: z.number(),
      isShutDown: z.boolean(),
    })
    .nullable(),
});

export const flowFactsZod = z.object({
  outputs: z.record(z.string(), values),
  exitCodes: z.record(z.string(), z.int().nullable()).exactOptional(),
  configMaps: z.record(z.string(), z.string().nullable()),
  memos: z.record(z.string(), memo.nullable()),
  group: group.nullable(),
}) satisfies z.ZodType<Facts>;
