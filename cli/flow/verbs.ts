/**
 * Runs the verbs on a flow: `zen-flow approve`, `reject`, `retry`, `skip`, `suspend`, `resume`,
 * `stop`, `terminate`. Each is one write of annotations or of one field, as a person with kubectl
 * may send it.
 */

import type { flowVerbCommands } from '../../lib/config/flowVerbCommands.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { objectionTo } from '../../lib/flow/engine/answers.ts';
import { startsNothingMore } from '../../lib/flow/engine/requests.ts';
import type { Approval } from '../../lib/flow/spec/flowSpec.ts';
import { requestPrefix } from '../../lib/flow/state/names.ts';
import { hasEnded, letsGoOn } from '../../lib/flow/state/record.ts';
import type { FlowView, StepStatusView } from '../../lib/flow/state/snapshot.ts';
import { complain, openOutput } from '../output.ts';
import { readUser, type User } from './readUser.ts';
import { stepState } from './stepState.ts';
import { findStep, patchFlow, readFlowView, refused, withFlows } from './withFlow.ts';

type OfFlow = ValuesOf<(typeof flowVerbCommands)['suspend']['settings']>;
type OfStep = ValuesOf<(typeof flowVerbCommands)['approve']['settings']>;

export function answer(values: OfStep, isApproved: boolean): Promise<void> {
  return withFlows(values, async (session) => {
    const flow = await readFlowView(session, values.flow);
    const step = findStep(flow, values.step);
    if (step.type !== 'Manual') throw refused(`step "${values.step}" asks no person`);
    const seen = seenStep(flow, values.step);
    if (seen !== undefined && hasEnded(seen)) throw refused(`step "${values.step}" has been answered: ${seen.phase}`);
    const user = await readUser(session);
    checkAnswer(user, step.approval, flow);
    const by = user?.name ?? UNKNOWN;
    const annotations = {
      [`${requestPrefix.approved}/${values.step}`]: String(isApproved),
      [`${requestPrefix.approvedBy}/${values.step}`]: by,
    };
    await patchFlow(session, flow, { annotations });
    await say(`${by} ${isApproved ? 'approves' : 'rejects'} step ${values.step} of ${values.flow}`);
  });
}

const UNKNOWN = 'unknown';

/** Refuses what would not count; without a name, or groups, it warns that it may not. */
function checkAnswer(user: User | null, approval: Approval, flow: FlowView): void {
  const { users, groups, notInitiator } = approval;
  if (user === null) {
    const isBound = users.length + groups.length > 0 || notInitiator;
    if (isBound) complain('the API server does not say who you are, and spec.approval says who may answer');
    return;
  }
  const objection = objectionTo(user.name, approval, flow);
  if (objection !== null) throw refused(`the answer would not count: ${objection}`);
  if (groups.length === 0 || users.includes(user.name) || groups.some((group) => user.groups.includes(group))) return;
  if (user.groups.length > 0) throw refused(`${user.name} is not in approval.users, nor in one of approval.groups`);
  complain(`${user.name} is not in approval.users, and may not be in one of approval.groups`);
}

export function retry(values: OfStep): Promise<void> {
  return withFlows(values, async (session) => {
    const flow = await readFlowView(session, values.flow);
    const { type } = findStep(flow, values.step);
    // Attempts count from 1, retries from 0.
    const attempt = endedStep(flow, values.step).retries + 2;
    checkGoesOn(flow);
    const annotations = {
      [`${requestPrefix.attempts}/${values.step}`]: String(attempt),
      // They would decide about this attempt, too.
      [`${requestPrefix.skip}/${values.step}`]: null,
      ...(type === 'Manual' && {
        [`${requestPrefix.approved}/${values.step}`]: null,
        [`${requestPrefix.approvedBy}/${values.step}`]: null,
      }),
    };
    await patchFlow(session, flow, { annotations });
    await say(`attempt ${attempt} of step ${values.step} of ${values.flow} is asked for`);
  });
}

export function skip(values: OfStep): Promise<void> {
  return withFlows(values, async (session) => {
    const flow = await readFlowView(session, values.flow);
    findStep(flow, values.step);
    const seen = seenStep(flow, values.step);
    if (seen !== undefined && letsGoOn(seen))
      throw refused(`step "${values.step}" holds nothing up: ${stepState(seen)}`);
    const isOver = seen !== undefined && hasEnded(seen) && seen.reason !== 'Stopped';
    if (isOver) checkGoesOn(flow);
    await patchFlow(session, flow, { annotations: { [`${requestPrefix.skip}/${values.step}`]: 'true' } });
    await say(`${values.flow} goes on without step ${values.step}${isOver ? '' : ' when its turn comes'}`);
  });
}

function seenStep({ status }: FlowView, step: string): StepStatusView | undefined {
  return status?.steps.find(({ name }) => name === step);
}

function endedStep(flow: FlowView, step: string): StepStatusView {
  const seen = seenStep(flow, step);
  if (seen !== undefined && hasEnded(seen)) return seen;
  throw refused(`step "${step}" has not ended: ${seen?.phase ?? 'the flow has not started'}`);
}

function checkGoesOn({ name, spec, status }: FlowView): void {
  const reason = status?.reason ?? null;
  if (startsNothingMore(spec, reason))
    throw refused(`flow ${name} starts nothing more: ${reason ?? `spec.shutdown is ${spec.shutdown}`}`);
}

const changes = {
  suspend: { spec: { suspend: true }, said: 'starts nothing for now' },
  resume: { spec: { suspend: false }, said: 'goes on' },
  stop: { spec: { shutdown: 'Stop' }, said: 'starts nothing more' },
  terminate: { spec: { shutdown: 'Terminate' }, said: 'starts nothing more, and ends what runs' },
} as const;

export function change(values: OfFlow, verb: keyof typeof changes): Promise<void> {
  return withFlows(values, async (session) => {
    const flow = await readFlowView(session, values.flow);
    const isOver = flow.status?.phase === 'Succeeded' || flow.status?.phase === 'Failed';
    if (isOver) throw refused(`flow ${values.flow} has ended: ${flow.status?.phase}`);
    const { spec, said } = changes[verb];
    await patchFlow(session, flow, { spec });
    await say(`${values.flow} ${said}`);
  });
}

async function say(text: string): Promise<void> {
  await openOutput(process.stdout, true).line(text);
}
