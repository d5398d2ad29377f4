/**
 * Writes Kubernetes Events about a source Service, which `kubectl describe service` shows.
 *
 * Guarantees: the name follows from what is said, so that saying it twice is AlreadyExists, which
 * is fine.
 * Does not guarantee that an Event stays. The API server drops Events after an hour
 * (`--event-ttl`).
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ ;
 * KEP-383.
 */

import { codeOf } from '../../lib/errors.ts';
import { hashId } from '../../lib/events/eventId.ts';
import { events, type KubeApi } from '../../lib/kube/kubeApi.ts';
import type { Warning } from '../../lib/selection/decision.ts';
import { type ElectionRef, electionKey } from '../../lib/selection/elections/electionSettings.ts';
import type { ServiceView, Snapshot } from '../../lib/selection/snapshot.ts';

/** Each warning of a decision, and what only the outbox or a write knows. */
export type EventReason =
  | Warning['reason']
  | 'LeaderElected'
  | 'LeaderChanged'
  | 'WriteRefused'
  | 'LeaderDemoted'
  | 'ScaledDown'
  | 'ScaledUp'
  | 'WriteUndone'
  | 'StateNotRead'
  | 'SourceGone'
  | 'NoFreePod'
  | 'LeaderServiceCreated'
  | 'LeaderServiceRemoved';

export interface Notice {
  readonly type: 'Normal' | 'Warning';
  readonly reason: EventReason;
  /** Tells this apart from others with the same reason and epoch. */
  readonly value: string;
  readonly note: string;
}

/** Validation: `note` has at most 1,024 bytes, `reason` and `action` 128. */
const MAX_NOTE_BYTES = 1024;
const CONTROLLER = 'zen-lead.io/zen-lead';

/** The Service that an Event is about, and which election where it has several. */
export interface Regarding extends Pick<ServiceView, 'namespace' | 'name' | 'uid'> {
  readonly election?: ElectionRef;
}

/** Null where the source is gone. */
export function regardingOf({ source, election }: Pick<Snapshot, 'source' | 'election'>): Regarding | null {
  if (source === null) return null;
  const { namespace, name, uid } = source;
  return { namespace, name, uid, ...(election !== undefined && { election }) };
}

/**
 * True when it is new, false when it had been said before or can no longer be. Rejects with KUBE_*.
 */
export async function writeKubernetesEvent(
  api: KubeApi,
  source: Regarding,
  epoch: number,
  notice: Notice,
  at: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { namespace, name, uid, election } = source;
  const of = election === undefined ? [] : [electionKey(election)];
  const object = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace, name: `${name}.${hashId([uid, ...of, epoch, notice.reason, notice.value])}` },
    eventTime: toMicroTime(at),
    reportingController: CONTROLLER,
    reportingInstance: 'zen-lead',
    action: actions[notice.type],
    reason: notice.reason,
    regarding: { apiVersion: 'v1', kind: 'Service', namespace, name, uid },
    note: truncate(`${nameOf(election)}${notice.note}`),
    type: notice.type,
  };
  try {
    await api.create(events, namespace, object, signal);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'KUBE_ALREADY_EXISTS' || goesWithNamespace.has(code)) return false;
    throw error;
  }
}

/** Of one election, so that a reader tells it from the others. */
function nameOf(ref: ElectionRef | undefined): string {
  if (ref === undefined) return '';
  const { election, slot } = ref;
  const which = [election === '' ? '' : `election "${election}"`, slot === 0 ? '' : `slot ${slot}`].filter(Boolean);
  return which.length === 0 ? '' : `${which.join(', ')}: `;
}

/** A namespace that is being deleted, or has gone, takes no Event. What else is told goes on. */
const goesWithNamespace: ReadonlySet<string | undefined> = new Set(['KUBE_NAMESPACE_TERMINATING', 'KUBE_NOT_FOUND']);

const actions = { Normal: 'Route', Warning: 'Decide' } as const;

/** metav1.MicroTime is parsed with exactly six digits of a second. */
function toMicroTime(at: number): string {
  return new Date(at).toISOString().replace('Z', '000Z');
}

/** Whole characters: a note cut in the middle of one would not be UTF-8. */
function truncate(note: string): string {
  if (Buffer.byteLength(note) <= MAX_NOTE_BYTES) return note;
  const bytes = Buffer.from(note).subarray(0, MAX_NOTE_BYTES - 3); // room for "…"
  return `${new TextDecoder().decode(bytes).replace(/\ufffd+$/, '')}…`;
}
