/**
 * Says what the pods of a step tell about it. Of one that runs, why they do not work yet: no node
 * takes them, or an image cannot be pulled. Of one that failed, how their containers ended.
 * `zen-flow explain` shows it.
 *
 * Guarantees: reads only, with the rights of who types the command. Without the right to list pods
 * it says nothing.
 */

import { codeOf } from '../../lib/errors.ts';
import { jobName } from '../../lib/flow/state/names.ts';
import type { StepRecord } from '../../lib/flow/state/record.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import {
  type Fields,
  takeFields,
  takeList,
  takeOptionalFields,
  takeOptionalNumber,
  takeOptionalString,
  takeString,
} from '../../lib/kube/fields.ts';
import { pods } from '../../lib/kube/kubeApi.ts';
import { readAll } from './listFlows.ts';
import type { FlowSession } from './withFlow.ts';

interface SeenPod {
  readonly name: string;
  readonly status: Fields;
  /** Those that begin first come first. */
  readonly containers: readonly { readonly name: string; readonly state: Fields }[];
}

/** Each container goes through them, and none needs a person. */
const ordinary: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing']);
/** A step with `forEach` may have 10,000 pods. */
const MAX_SENTENCES = 3;
/** The image of a step may write up to 4 KiB. */
const MAX_MESSAGE = 200;

/** Of its newest attempt. Empty where they say nothing. */
export async function explainPods(session: FlowSession, flow: FlowView, step: StepRecord): Promise<string> {
  if (step.phase === 'Running') {
    const waits = (await podsOf(session, flow, step)).flatMap((pod) => whyPodWaits(pod) ?? []);
    return join(waits, 'more pods wait');
  }
  if (step.phase !== 'Failed' || step.startedAt === null) return '';
  return join((await podsOf(session, flow, step)).flatMap(failuresOf), 'more containers failed');
}

function join(sentences: readonly string[], rest: string): string {
  const more = sentences.length - MAX_SENTENCES;
  return [...sentences.slice(0, MAX_SENTENCES), ...(more > 0 ? [`${more} ${rest}`] : [])].join('; ');
}

function podsOf(session: FlowSession, flow: FlowView, { name, attempt }: StepRecord): Promise<readonly SeenPod[]> {
  const job = jobName(flow, name, attempt);
  return readAll(session, pods, parsePod, `batch.kubernetes.io/job-name=${job}`).catch((error) => {
    if (codeOf(error) === 'KUBE_FORBIDDEN') return [];
    throw error;
  });
}

function parsePod(input: unknown): SeenPod {
  const object = takeFields(input, 'pod');
  const status = takeOptionalFields(object, 'status', 'pod') ?? {};
  const lists = ['initContainerStatuses', 'containerStatuses'].flatMap((list) => takeList(status, list, 'status'));
  return {
    name: takeString(takeFields(object['metadata'], 'metadata'), 'name', 'metadata'),
    status,
    containers: lists.map((each) => {
      const container = takeFields(each, 'status');
      return {
        name: takeString(container, 'name', 'status'),
        state: takeOptionalFields(container, 'state', 'status') ?? {},
      };
    }),
  };
}

function whyPodWaits({ name, status, containers }: SeenPod): string | null {
  for (const { state } of containers) {
    const waiting = takeOptionalFields(state, 'waiting', 'state') ?? {};
    const reason = takeOptionalString(waiting, 'reason', 'waiting') ?? '';
    if (reason !== '' && !ordinary.has(reason)) return `pod ${name} waits: ${reason}${messageOf(waiting)}`;
  }
  for (const each of takeList(status, 'conditions', 'status')) {
    const condition = takeFields(each, 'status.conditions[]');
    if (condition['type'] !== 'PodScheduled' || condition['status'] !== 'False') continue;
    const reason = takeOptionalString(condition, 'reason', 'condition') ?? 'Unschedulable';
    return `pod ${name} waits: ${reason}${messageOf(condition)}`;
  }
  return null;
}

function failuresOf({ name: pod, containers }: SeenPod): readonly string[] {
  return containers.flatMap(({ name, state }) => {
    const terminated = takeOptionalFields(state, 'terminated', 'state') ?? {};
    const exitCode = takeOptionalNumber(terminated, 'exitCode', 'terminated') ?? 0;
    if (exitCode === 0) return [];
    const reason = takeOptionalString(terminated, 'reason', 'terminated') ?? '';
    const why = `${reason === '' ? '' : `, ${reason}`}${messageOf(terminated)}`;
    return [`container ${name} of pod ${pod} ended with exit code ${exitCode}${why}`];
  });
}

function messageOf(fields: Fields): string {
  const message = (takeOptionalString(fields, 'message', 'status') ?? '').trim();
  return message === '' ? '' : `, ${message.slice(0, MAX_MESSAGE)}`;
}
