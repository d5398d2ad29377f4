/** Names what zen-flow reads and writes: group, labels, annotations, objects. */

import { hashName } from './hash.ts';

export const GROUP = 'workflow.kube-zen.io';
export const API_VERSION = `${GROUP}/v1alpha1`;
export const MANAGER = 'zen-flow';

export const label = {
  /** The first three are those of the Go zen-flow. */
  flow: `${GROUP}/flow`,
  step: `${GROUP}/step`,
  managedBy: `${GROUP}/managed-by`,
  flowUid: `${GROUP}/flow-uid`,
  attempt: `${GROUP}/attempt`,
  /** Of a flow: the JobFlowSchedule that made it. */
  schedule: `${GROUP}/schedule`,
} as const;

export const annotation = {
  /** Of a Job: zen-flow suspended it, and will release it. The value says why. */
  held: `${GROUP}/held`,
  /** Who created the flow, by the webhook. */
  initiatedBy: `${GROUP}/initiated-by`,
  /** Of a flow that a schedule made: the time that it is for, in RFC 3339. */
  scheduledAt: `${GROUP}/scheduled-at`,
  /** Of such a flow: how many seconds the run before it took that succeeded. */
  expectedSeconds: `${GROUP}/expected-seconds`,
} as const;

/** What a person asks of a running flow. Each is followed by `/<step>`. */
export const requestPrefix = {
  approved: `approved.${GROUP}`,
  approvedBy: `approved-by.${GROUP}`,
  attempts: `attempts.${GROUP}`,
  skip: `skip.${GROUP}`,
} as const;

/** At most 20 + 20 characters, and 58 with a number of attempts that has seven digits. */
const PART = 20;

/** A function of flow, step and attempt, so that an attempt cannot become two Jobs (Z1). */
export function jobName(flow: { readonly name: string; readonly uid: string }, step: string, attempt: number): string {
  const hash = hashName(flow.uid, step, String(attempt));
  return [cut(flow.name), cut(step), String(attempt), hash].join('-');
}

/** A flow of the same name that is made later has a record of its own. */
export function recordName(flow: { readonly name: string; readonly uid: string }): string {
  return `${flow.name}-${hashName(flow.uid)}`;
}

/** What a step names by the name of its template. */
export function resourceName(flow: string, template: string): string {
  return `${flow}-${template}`;
}

/** The ConfigMap of the items of one attempt. */
export function itemsName(job: string): string {
  return `${job}-items`;
}

export function memoName(hash: string): string {
  return `zen-flow-memo-${hash}`;
}

export function groupLeaseName(concurrencyKey: string): string {
  return `zen-flow-${hashName('group', concurrencyKey)}`;
}

/** A Job's name is also a label and the name of its pods: no dots, and no dash where it is cut. */
function cut(name: string): string {
  return name.replaceAll('.', '-').slice(0, PART).replace(/-+$/, '');
}
