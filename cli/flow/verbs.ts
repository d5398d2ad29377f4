/**
 * Runs the verbs on a flow: `zen-flow approve`, `reject`, `retry`, `skip`, `suspend`, `resume`,
 * `stop`, `terminate`. Each is one write of annotations or of one field, as a person with kubectl
 * may send it.
 */

import type { flowVerbCommands } from '../../lib/config/flowVerbCommands.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { codeOf } from '../../lib/errors.ts';
import { startsNothingMore } from '../../lib/flow/engine/requests.ts';
import { requestPrefix } from '../../lib/flow/state/names.ts';
import { hasEnded, letsGoOn } from '../../lib/flow/state/record.ts';
import type { FlowView, StepStatusView } from '../../lib/flow/state/snapshot.ts';
import { takeFields, takeOptionalFields, takeOptionalString } from '../../lib/kube/fields.ts';
import { selfSubjectReviews } from '../../lib/kube/kubeApi.ts';
import { openOutput } from '../output.ts';
import { stepState } from './stepState.ts';
import { type FlowSession, findStep, patchFlow, readFlowView, refused, withFlows } from './withFlow.ts';

type OfFlow = ValuesOf<(typeof flowVerbCommands)['suspend']['settings']>;
type OfStep = ValuesOf<(typeof flowVerbCommands)['approve']['settings']>;

export function answer(values: OfStep, isApproved: boolean): Promise<void> {
  return withFlows(values, async (session) => {
    const flow = await readFlowView(session, values.flow);
    if (findStep(flow, values.step).type !== 'Manual') throw refused(`step "${values.step}" asks no person`);
    const seen = seenStep(flow, values.step);
    if (seen !== undefined && hasEnded(seen)) throw refused(`step "${values.step}" has been answered: ${seen.phase}`);
    const by = await readUser(session);
    const annotations = {
      [`${requestPrefix.approved}/${values.step}`]: String(isApproved),
      [`${requestPrefix.approvedBy}/${values.step}`]: by,
    };
    await patchFlow(session, flow, { annotations });
    await say(`${by} ${isApproved ? 'approves' : 'rejects'} step ${values.step} of ${values.flow}`);
  });
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

const UNKNOWN = 'unknown';

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#self-subject-review */
async function readUser({ api, signal }: FlowSession): Promise<string> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  let answered: unknown;
  try {
    answered = await api.create(selfSubjectReviews, undefined, review, signal);
  } catch (error) {
    // An old API server has none, and where the guard is, it says what is missing.
    if (codeOf(error) === 'KUBE_NOT_FOUND' || codeOf(error) === 'KUBE_FORBIDDEN') return UNKNOWN;
    throw error;
  }
  const status = takeOptionalFields(takeFields(answered, 'review'), 'status', 'review') ?? {};
  const user = takeOptionalFields(status, 'userInfo', 'status') ?? {};
  return takeOptionalString(user, 'username', 'status.userInfo') ?? UNKNOWN;
}

async function say(text: string): Promise<void> {
  await openOutput(process.stdout, true).line(text);
}
