/**
 * tellFlow: writes the Kubernetes Events of one decision, which `kubectl describe` shows. The
 * reasons are those of the Go zen-flow.
 *
 * Guarantees: the name follows from flow, step, attempt and reason, so that saying it twice is
 * AlreadyExists. A failure is logged and holds nothing up.
 * Does not guarantee that each change is told: a function that is killed between the record and the
 * Event tells nothing.
 */

import { codeOf } from '../../lib/errors.ts';
import { hashId } from '../../lib/events/eventId.ts';
import type { Decision } from '../../lib/flow/engine/advance.ts';
import type { StepChange } from '../../lib/flow/engine/progress.ts';
import { API_VERSION } from '../../lib/flow/state/names.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import { events, type KubeApi } from '../../lib/kube/kubeApi.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';

interface News {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
  /** Tells it apart from others with the same reason. */
  readonly about: readonly (string | number)[];
}

interface TellDeps {
  readonly api: KubeApi;
  readonly log: Logger;
  readonly now: () => number;
}

export function tellFlow(flow: FlowView, decision: Decision, deps: TellDeps, signal: AbortSignal): Promise<void> {
  return tell(flow, [...decision.changes.flatMap(newsOfStep), ...newsOfFlow(flow, decision)], deps, signal);
}

/** Of a Job that cannot be made for now: once for each version of the flow. */
export function tellFailure(flow: FlowView, error: unknown, deps: TellDeps, signal: AbortSignal): Promise<void> {
  const note = (error instanceof Error ? error.message : String(error)).slice(0, MAX_NOTE);
  const about = [flow.resourceVersion, codeOf(error) ?? ''];
  return tell(flow, [{ type: 'Warning', reason: 'JobNotCreated', note, about }], deps, signal);
}

/** Validation allows 1,024 bytes, and a character may have four. */
const MAX_NOTE = 256;

async function tell(flow: FlowView, news: readonly News[], deps: TellDeps, signal: AbortSignal): Promise<void> {
  for (const each of news) {
    try {
      await deps.api.create(events, flow.namespace, toEvent(flow, each, deps.now()), signal);
    } catch (error) {
      if (codeOf(error) === 'KUBE_ALREADY_EXISTS') continue;
      const about = { flow: `${flow.namespace}/${flow.name}`, reason: each.reason };
      deps.log.warn({ err: error, ...about }, 'an Event was not written');
      return;
    }
  }
}

function newsOfStep({ step, to, reason, attempt }: StepChange): readonly News[] {
  const say = (type: News['type'], what: string, note: string): readonly News[] => [
    { type, reason: what, note: `step ${step}: ${note}`, about: [step, attempt] },
  ];
  switch (to) {
    case 'Running':
      return say('Normal', 'StepCreated', `attempt ${attempt} starts`);
    case 'PendingApproval':
      return say('Normal', 'StepPendingApproval', 'waits for an approval');
    case 'Succeeded':
      return reason === 'Approved'
        ? say('Normal', 'StepApproved', 'approved')
        : say('Normal', 'StepSucceeded', 'succeeded');
    case 'Failed':
      return say(
        'Warning',
        reason === 'Timeout' ? 'StepTimeout' : 'StepFailed',
        `failed with attempt ${attempt}: ${reason}`,
      );
    case 'Skipped':
      return say('Normal', 'StepSkipped', `skipped: ${reason}`);
    case 'Pending':
      return reason === 'Backoff' ? say('Warning', 'StepRetry', `attempt ${attempt} follows after a backoff`) : [];
  }
}

function newsOfFlow({ status, resourceVersion }: FlowView, { phase, reason, record }: Decision): readonly News[] {
  if (phase === null || phase === status?.phase) return [];
  const about = [record?.rev ?? resourceVersion];
  if (phase === 'Succeeded') return [{ type: 'Normal', reason: 'JobFlowSucceeded', note: 'the flow succeeded', about }];
  if (phase === 'Failed')
    return [{ type: 'Warning', reason: 'JobFlowFailed', note: `the flow failed: ${reason ?? 'unknown'}`, about }];
  if (phase === 'Suspended')
    return [{ type: 'Normal', reason: 'FlowPaused', note: 'the flow starts nothing for now', about }];
  return status?.phase === 'Suspended'
    ? [{ type: 'Normal', reason: 'FlowResumed', note: 'the flow goes on', about }]
    : [];
}

function toEvent({ namespace, name, uid }: FlowView, { type, reason, note, about }: News, at: number): object {
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace, name: `${name}.${hashId([uid, reason, ...about])}` },
    // metav1.MicroTime is parsed with exactly six digits of a second.
    eventTime: new Date(at).toISOString().replace('Z', '000Z'),
    reportingController: 'zen-lead.io/zen-flow',
    reportingInstance: 'zen-flow',
    action: 'Advance',
    reason,
    regarding: { apiVersion: API_VERSION, kind: 'JobFlow', namespace, name, uid },
    note,
    type,
  };
}
