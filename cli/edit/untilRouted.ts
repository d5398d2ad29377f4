/**
 * Waits until zen-lead has done what the rules ask for after an edit, and no write is left.
 *
 * It reads the state again and again. A person waits, usually for milliseconds, and a watch that
 * breaks would need all that a bridge has.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { ZenLeadError } from '../../lib/errors.ts';
import type { SubjectRef } from '../../lib/events/subject.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { type CurrentState, readCurrentState } from './currentState.ts';

/** A failover takes 10 ms; three LISTs five times a second are no load. */
const LOOK_EVERY_MS = 200;

/** Rejects with KUBE_TIMEOUT after `timeoutMs`, with ABORTED on Ctrl-C. */
export async function untilRouted(
  api: KubeApi,
  service: SubjectRef,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<CurrentState> {
  const deadlineAt = Date.now() + timeoutMs;
  for (;;) {
    const state = await readCurrentState(api, service, signal);
    if (state.isRouted) return state;
    if (Date.now() >= deadlineAt) {
      throw new ZenLeadError(
        'KUBE_TIMEOUT',
        `nothing has acted on it within ${timeoutMs / 1_000} s: is zen-lead running for this namespace? Its log and zen-lead explain ${service.namespace}/${service.name} say more`,
        { retry: 'later' },
      );
    }
    await sleep(LOOK_EVERY_MS);
    if (signal.aborted) throw new ZenLeadError('ABORTED', 'stopped while waiting for the effect', { retry: 'never' });
  }
}
