/**
 * Runs the verbs on a flow: `zen-flow approve`, `reject`, `retry`, `skip`, `suspend`, `resume`,
 * `stop`, `terminate`. Each writes one annotation or one field, as a person with kubectl may.
 */

import type { flowVerbCommands } from '../../lib/config/flowVerbCommands.ts';
import type { ValuesOf } from '../../lib/config/setting.ts';
import { codeOf } from '../../lib/errors.ts';
import { requestPrefix } from '../../lib/flow/state/names.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import { takeFields, takeOptionalFields, takeOptionalString } from '../../lib/kube/fields.ts';
import { selfSubjectReviews } from '../../lib/kube/kubeApi.ts';
import { openOutput } from '../output.ts';
import { type FlowSession, findStep, patchFlow, readFlowView, refused, withFlows } from './withFlow.ts';

type OfFlow = ValuesOf<(typeof flowVerbCommands)['suspend']['settings']>;
type OfStep = ValuesOf<(typeof flowVerbCommands)['approve']['settings']>;

export function answer(values: OfStep, isApproved: boolean): Promise<void> {
  return withFlows(values, async (session) => {
    const flow = await readFlowView(session, values.flow);
    if (findStep(flow, values.step).type !== 'Manual') throw refused(`step "${values.step}" asks no person`);
    const seen = flow.status?.steps.find(({ name }) => name === values.step);
    if (seen !== undefined && ['Succeeded', 'Failed', 'Skipped'].includes(seen.phase))
      throw refused(`step "${values.step}" has been answered: ${seen.phase}`);
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
    findStep(flow, values.step);
    const attempt = endedAttempt(flow, values.step) + 1;
    await patchFlow(session, flow, { annotations: { [`${requestPrefix.attempts}/${values.step}`]: String(attempt) } });
    await say(`attempt ${attempt} of step ${values.step} of ${values.flow} is asked for`);
  });
}

/** Counts from 1. */
function endedAttempt({ status }: FlowView, step: string): number {
  const seen = status?.steps.find(({ name }) => name === step);
  if (seen === undefined || !['Succeeded', 'Failed', 'Skipped'].includes(seen.phase))
    throw refused(`step "${step}" has not ended: ${seen?.phase ?? 'the flow has not started'}`);
  return seen.retries + 1;
}

export function skip(values: OfStep): Promise<void> {
  return withFlows(values, async (session) => {
    const flow = await readFlowView(session, values.flow);
    findStep(flow, values.step);
    await patchFlow(session, flow, { annotations: { [`${requestPrefix.skip}/${values.step}`]: 'true' } });
    await say(`${values.flow} goes on without step ${values.step} when its turn comes`);
  });
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
