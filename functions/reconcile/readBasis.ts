/**
 * readBasis: reads the state of one Service to decide on, with what a trusted bridge has observed.
 */

import { joinObservations } from '../../lib/selection/joinObservations.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import type { ReconcileDeps, ReconcileRequest } from './reconcile.ts';
import type { Basis } from './settle.ts';

/** `guess`: what was decided on before. */
export async function readBasis(
  { service, observations }: ReconcileRequest,
  { readService, now, announcer }: ReconcileDeps,
  signal: AbortSignal,
  guess?: Snapshot,
): Promise<Basis> {
  const startedAt = now();
  try {
    const { snapshot, deadline } = await readService(service, signal, guess);
    return { snapshot: joinObservations(snapshot, observations?.(now())), deadline, isRead: true };
  } catch (error) {
    await announcer.tellUnread(service, { error, tookMs: now() - startedAt });
    throw error;
  }
}
