/**
 * Handover: what `zen-lead.io/handover` can ask for, and what a slice says about the pod that the
 * leader has taken over from. docs/reference/annotations.md#handover
 */

import type { Uid } from './snapshot.ts';

export const handovers = ['gap', 'overlap'] as const;
export type Handover = (typeof handovers)[number];

export const DEFAULT_OVERLAP_MS = 1_000;
/** Two pods take traffic for so long. A pod drains connections that need longer by itself. */
export const MAX_OVERLAP_MS = 300_000;

/** The pod that was left by the election of this epoch, and is still routed to. */
export interface HandoverFrom {
  readonly pod: string;
  readonly uid: Uid;
  readonly epoch: number;
}

/** The name of a pod has 253 characters at most, and a uid has 36. */
const MAX_LENGTH = 512;

/** Null for a text that cannot be read. */
export function parseHandoverFrom(text: string | undefined): HandoverFrom | null {
  if (text === undefined || text.length > MAX_LENGTH) return null;
  let fields: Partial<Record<keyof HandoverFrom, unknown>>;
  try {
    fields = (JSON.parse(text) ?? {}) as typeof fields;
  } catch {
    return null;
  }
  const { pod, uid, epoch } = fields;
  if (typeof pod !== 'string' || typeof uid !== 'string' || uid === '') return null;
  if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch) || epoch < 0) return null;
  return { pod, uid: uid as Uid, epoch };
}

export function formatHandoverFrom({ pod, uid, epoch }: HandoverFrom): string {
  return JSON.stringify({ pod, uid, epoch });
}
