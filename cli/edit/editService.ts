/**
 * Edits one annotation of a Service: reads, says what would happen, writes, waits for the effect,
 * and says what came of it.
 */

import type { SubjectRef } from '../../lib/events/subject.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { reasonText } from '../../lib/selection/reasonText.ts';
import { silentLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { type ClusterSettings, connect } from '../connect.ts';
import { escapeControls } from '../escapeControls.ts';
import { parseElectionKey } from '../operands/parseElectionKey.ts';
import { abortOnStopSignal } from '../stopSignal.ts';
import { type AnnotationEdit, annotate, renderEdit } from './annotate.ts';
import { type CurrentState, imagine, readCurrentState } from './currentState.ts';
import { untilRouted } from './untilRouted.ts';

interface EditSettings extends ClusterSettings {
  readonly service: string;
  readonly dryRun: boolean;
  readonly timeoutSeconds: number;
}

export interface EditSession {
  readonly api: KubeApi;
  readonly service: SubjectRef;
  readonly state: CurrentState;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export function say(text: string): void {
  process.stdout.write(`${escapeControls(text)}\n`);
}

/** Opens the cluster, reads the Service, and hands both on. */
export async function withService(settings: EditSettings, run: (session: EditSession) => Promise<void>): Promise<void> {
  const service = parseElectionKey(settings.service);
  const signal = abortOnStopSignal();
  await using open = new AsyncDisposableStack();
  const api = open.adopt(await connect(settings, createMetrics(), silentLogger), (one) => one.close());
  const state = await readCurrentState(api, service, signal);
  await run({ api, service, state, timeoutMs: settings.timeoutSeconds * 1_000, signal });
}

/** Makes one edit from beginning to end. Resolves to the state afterwards; null after a dry run. */
export async function editService(
  { api, service, state, timeoutMs, signal }: EditSession,
  edit: AnnotationEdit,
  isDryRun: boolean,
): Promise<CurrentState | null> {
  const { namespace, name } = service;
  say(`$ kubectl annotate service ${name} --namespace ${namespace} --overwrite ${renderEdit(edit)}`);
  if (isDryRun) {
    say(`would be: ${describe(imagine(state, edit), state)}`);
    say('dry run: nothing was written');
    return null;
  }
  await annotate(api, state.source, edit, signal);
  const after = await untilRouted(api, service, timeoutMs, signal);
  say(describe(after, state));
  return after;
}

/**
 * After the effect the rules find a leader that is fit, so the previous leader is known from
 * before.
 */
export function describe(
  { decision: { leader, reason, epoch } }: CurrentState,
  { decision: before }: CurrentState,
): string {
  const who = leader === null ? 'no pod leads' : `${leader.name} leads`;
  const hasMoved = before.leader !== null && before.leader.uid !== leader?.uid;
  const instead = hasMoved ? ` instead of ${before.leader?.name}` : '';
  return `${who}${instead}, epoch ${epoch}: ${reasonText[reason]}`;
}
