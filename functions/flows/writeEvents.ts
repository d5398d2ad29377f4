/**
 * writeEvents: writes Kubernetes Events about a flow or a schedule, which `kubectl describe` shows.
 *
 * Guarantees: the name follows from the object and what is told, so that saying it twice is
 * AlreadyExists. A failure is logged and holds nothing up.
 */

import { codeOf } from '../../lib/errors.ts';
import { hashId } from '../../lib/events/eventId.ts';
import { API_VERSION } from '../../lib/flow/state/names.ts';
import { events, type KubeApi } from '../../lib/kube/kubeApi.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';

export interface News {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
  /** Tells it apart from others with the same reason. */
  readonly about: readonly (string | number)[];
}

export interface EventDeps {
  readonly api: KubeApi;
  readonly log: Logger;
  readonly now: () => number;
}

interface Regarded {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

const actions = { JobFlow: 'Advance', JobFlowSchedule: 'Schedule' } as const;
type Kind = keyof typeof actions;

export async function writeEvents(
  kind: Kind,
  object: Regarded,
  news: readonly News[],
  deps: EventDeps,
  signal: AbortSignal,
): Promise<void> {
  for (const each of news) {
    try {
      await deps.api.create(events, object.namespace, toEvent(kind, object, each, deps.now()), signal);
    } catch (error) {
      if (codeOf(error) === 'KUBE_ALREADY_EXISTS') continue;
      const about = { kind, object: `${object.namespace}/${object.name}`, reason: each.reason };
      deps.log.warn({ err: error, ...about }, 'an Event was not written');
      return;
    }
  }
}

/** Validation allows 1,024 bytes, and a character may have four. */
export const MAX_NOTE = 256;

function toEvent(kind: Kind, { namespace, name, uid }: Regarded, told: News, at: number): object {
  const { type, reason, note, about } = told;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace, name: `${name}.${hashId([uid, reason, ...about])}` },
    // metav1.MicroTime is parsed with exactly six digits of a second.
    eventTime: new Date(at).toISOString().replace('Z', '000Z'),
    reportingController: 'zen-lead.io/zen-flow',
    reportingInstance: 'zen-flow',
    action: actions[kind],
    reason,
    regarding: { apiVersion: API_VERSION, kind, namespace, name, uid },
    note: note.slice(0, MAX_NOTE),
    type,
  };
}
