/**
 * usesScaleDown: says whether a Service asks for scale-down, or has anything of it to undo.
 *
 * Guarantees: pure, and cheap, because every reconcile of every Service asks it.
 */

import { annotation } from './names.ts';
import type { Snapshot } from './snapshot.ts';

export function usesScaleDown({ source, slices, services }: Pick<Snapshot, 'source' | 'slices' | 'services'>): boolean {
  if (source === null) return false;
  return (
    source.annotations[annotation.scaleDown] !== undefined ||
    slices.some(({ annotations }) => annotations[annotation.scaleState] !== undefined) ||
    services.some(({ annotations }) => annotations[annotation.scaleRestore] !== undefined)
  );
}
