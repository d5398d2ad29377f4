/**
 * tellUnread: tells the user that zen-lead cannot decide about a Service, because its state cannot
 * be read. Nothing else would say so: a reconcile that has read nothing decides nothing.
 * docs/decisions/hints.md
 *
 * Guarantees: one Event a cause. Nothing about a Service that is not opted in, because a stranger
 * can name any.
 */

import { codeOf } from '../../lib/errors.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';
import { type KubeApi, services } from '../../lib/kube/kubeApi.ts';
import { parseService } from '../../lib/kube/parseService.ts';
import { isOptedIn } from '../../lib/selection/optIn.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { readIfThere } from '../reconcile/readIfThere.ts';
import { type Notice, writeKubernetesEvent } from './kubernetesEvent.ts';

/** A read that could not end in time, or was refused. */
export interface Unread {
  readonly error: unknown;
  readonly tookMs: number;
}

/**
 * A bridge gives a read 2.5 s, and twice as long after each that did not end. A busy API server
 * needs the second or the third; what has had 10 s is told.
 */
const SLOW_MS = 10_000;

/** Null where it is no news: the API server is away or busy, or the caller had little patience. */
export function toUnreadNotice({ error, tookMs }: Unread): Notice | null {
  const code = codeOf(error);
  const notice = (value: string, why: string): Notice => {
    const note = `zen-lead cannot read the state of this Service, so it decides nothing: ${why}. It tries again.`;
    return { type: 'Warning', reason: 'StateNotRead', value, note };
  };
  switch (code) {
    case 'ABORTED':
    case 'KUBE_TIMEOUT':
      return tookMs < SLOW_MS ? null : notice('slow', `slices, pods and Services took more than ${SLOW_MS / 1_000} s`);
    case 'KUBE_FORBIDDEN':
    case 'KUBE_INVALID':
      return notice(code, error instanceof Error ? error.message : code);
    default:
      return null;
  }
}

export interface UnreadDeps {
  readonly api: KubeApi;
  readonly metrics: Pick<Metrics, 'warnings'>;
  readonly now: () => number;
}

/** False where there is no such source to tell it of. Rejects with KUBE_* or ABORTED. */
export async function tellUnread(
  { namespace, name }: ServiceRef,
  notice: Notice,
  { api, metrics, now }: UnreadDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const source = await readIfThere(api, { resource: services, namespace, name }, parseService, signal);
  if (source === null || !isOptedIn(source)) return false;
  const isNew = await writeKubernetesEvent(api, source, 0, notice, now(), signal);
  if (isNew) metrics.warnings.inc({ namespace, service: name, reason: notice.reason });
  return true;
}
