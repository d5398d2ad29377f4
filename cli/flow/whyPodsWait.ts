/**
 * Says why the pods of a step that runs do not work yet: no node takes them, or an image cannot be
 * pulled. `zen-flow explain` shows it.
 *
 * Guarantees: reads only, with the rights of who types the command. Without the right to list pods
 * it says nothing.
 */

import { codeOf } from '../../lib/errors.ts';
import { jobName } from '../../lib/flow/state/names.ts';
import type { StepRecord } from '../../lib/flow/state/record.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import { takeFields, takeList, takeOptionalFields, takeOptionalString, takeString } from '../../lib/kube/fields.ts';
import { pods } from '../../lib/kube/kubeApi.ts';
import { readAll } from './listFlows.ts';
import type { FlowSession } from './withFlow.ts';

/** Each container goes through them, and none needs a person. */
const ordinary: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing']);
const MAX_PODS = 3;
const MAX_MESSAGE = 200;

/** Empty where nothing is wrong with them. */
export async function whyPodsWait(session: FlowSession, flow: FlowView, step: StepRecord): Promise<string> {
  if (step.phase !== 'Running') return '';
  const job = jobName(flow, step.name, step.attempt);
  const said = await readAll(session, pods, whyPodWaits, `batch.kubernetes.io/job-name=${job}`).catch((error) => {
    if (codeOf(error) === 'KUBE_FORBIDDEN') return [];
    throw error;
  });
  const reasons = said.filter((reason) => reason !== null);
  const more = reasons.length - MAX_PODS;
  return [...reasons.slice(0, MAX_PODS), ...(more > 0 ? [`${more} more pods wait`] : [])].join('; ');
}

function whyPodWaits(input: unknown): string | null {
  const object = takeFields(input, 'pod');
  const name = takeString(takeFields(object['metadata'], 'metadata'), 'name', 'metadata');
  const status = takeOptionalFields(object, 'status', 'pod') ?? {};
  const lists = ['initContainerStatuses', 'containerStatuses'].flatMap((list) => takeList(status, list, 'status'));
  for (const each of lists) {
    const state = takeOptionalFields(takeFields(each, 'status'), 'state', 'status') ?? {};
    const waiting = takeOptionalFields(state, 'waiting', 'state') ?? {};
    const reason = takeOptionalString(waiting, 'reason', 'waiting') ?? '';
    if (reason !== '' && !ordinary.has(reason)) return sentence(name, reason, waiting);
  }
  for (const each of takeList(status, 'conditions', 'status')) {
    const condition = takeFields(each, 'status.conditions[]');
    if (condition['type'] !== 'PodScheduled' || condition['status'] !== 'False') continue;
    return sentence(name, takeOptionalString(condition, 'reason', 'condition') ?? 'Unschedulable', condition);
  }
  return null;
}

function sentence(name: string, reason: string, fields: Readonly<Record<string, unknown>>): string {
  const message = takeOptionalString(fields, 'message', 'status') ?? '';
  return `pod ${name} waits: ${reason}${message === '' ? '' : `, ${message.slice(0, MAX_MESSAGE)}`}`;
}
