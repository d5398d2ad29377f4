/**
 * Says what a decision about a flow is to people. The reasons are those of the Go zen-flow.
 *
 * Guarantees: pure. Of what goes by itself, as the start of a step, several become one.
 */

import type { Decision } from '../../lib/flow/engine/advance.ts';
import type { StepChange } from '../../lib/flow/engine/progress.ts';
import type { FlowPhase } from '../../lib/flow/state/flowPhase.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import { MAX_NOTE, type News } from './writeEvents.ts';

/** Of a step that goes on by itself. */
export interface Routine {
  readonly reason: string;
  readonly text: string;
  readonly step: string;
  readonly attempt: number;
}

export interface FlowNews {
  /** A person may want to act, or waits for it. */
  readonly urgent: readonly News[];
  readonly routine: readonly Routine[];
}

/** `told`: the phase of which people know. */
export function newsOf(
  flow: FlowView,
  decision: Decision,
  told: FlowPhase | null = flow.status?.phase ?? null,
): FlowNews {
  const ofSteps = decision.changes.flatMap(newsOfStep);
  return {
    urgent: [...ofSteps.flatMap(({ urgent }) => urgent), ...newsOfFlow(flow, decision, told)],
    routine: ofSteps.flatMap(({ routine }) => routine),
  };
}

/** What has happened to several steps alike: `steps a, b and 7 more: succeeded`. */
export interface Merged {
  readonly reason: string;
  readonly text: string;
  /** As many as a note has room for. */
  readonly names: readonly string[];
  readonly count: number;
  readonly about: readonly (string | number)[];
}

export function mergeRoutine(before: Merged | undefined, { reason, text, step, attempt }: Routine): Merged {
  if (before === undefined) return { reason, text, names: [step], count: 1, about: [step, attempt] };
  const names = [...before.names, step];
  const hasRoom = before.names.length === before.count && names.join(', ').length + text.length < MAX_NOTE - 32;
  return { ...before, ...(hasRoom && { names }), count: before.count + 1 };
}

export function toNews({ reason, text, names, count, about }: Merged): News {
  const more = count - names.length;
  const which = `${count === 1 ? 'step' : 'steps'} ${names.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
  return {
    type: 'Normal',
    reason,
    note: `${which}: ${text}`,
    about: count === 1 ? about : [...about, ...names, count],
  };
}

function newsOfStep({ step, to, reason, attempt }: StepChange): FlowNews {
  const say = (type: News['type'], what: string, note: string): FlowNews => ({
    urgent: [{ type, reason: what, note: `step ${step}: ${note}`, about: [step, attempt] }],
    routine: [],
  });
  const note = (what: string, text: string): FlowNews => ({
    urgent: [],
    routine: [{ reason: what, text, step, attempt }],
  });
  switch (to) {
    case 'Running':
      return note('StepCreated', `attempt ${attempt} starts`);
    case 'PendingApproval':
      return say('Normal', 'StepPendingApproval', 'waits for an approval');
    case 'Succeeded':
      return reason === 'Approved' ? say('Normal', 'StepApproved', 'approved') : note('StepSucceeded', 'succeeded');
    case 'Failed':
      return say(
        'Warning',
        reason === 'Timeout' ? 'StepTimeout' : 'StepFailed',
        `failed with attempt ${attempt}: ${reason}`,
      );
    case 'Skipped':
      return note('StepSkipped', `skipped: ${reason}`);
    case 'Pending':
      return reason === 'Backoff'
        ? say('Warning', 'StepRetry', `attempt ${attempt} follows after a backoff`)
        : { urgent: [], routine: [] };
  }
}

function newsOfFlow({ resourceVersion }: FlowView, decision: Decision, told: FlowPhase | null): readonly News[] {
  const { phase, reason, record } = decision;
  if (phase === null || phase === told) return [];
  const news = (type: News['type'], what: string, note: string): readonly News[] => [
    { type, reason: what, note, about: [record?.rev ?? resourceVersion] },
  ];
  switch (phase) {
    case 'Succeeded':
      return news('Normal', 'JobFlowSucceeded', 'the flow succeeded');
    case 'Failed':
      return news('Warning', 'JobFlowFailed', `the flow failed: ${reason ?? 'unknown'}`);
    case 'Paused':
      return news('Normal', 'FlowPaused', 'paused waiting for manual approval');
    case 'Suspended':
      return news('Normal', 'FlowPaused', 'suspended: the flow starts nothing for now');
    default:
      return told === 'Paused' || told === 'Suspended' ? news('Normal', 'FlowResumed', resumedBy(decision, told)) : [];
  }
}

function resumedBy({ changes }: Decision, told: FlowPhase): string {
  if (changes.some(({ reason }) => reason === 'Approved')) return 'resumed after approval';
  return told === 'Suspended' ? 'resumed: the flow is no longer suspended' : 'resumed: not only people are waited for';
}
