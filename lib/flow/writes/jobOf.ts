/**
 * Builds the Job of one attempt.
 *
 * Guarantees: its name and labels are a function of flow, step and attempt. The flow controls it,
 * so that the garbage collector takes it along. A time-out is the Job's own, so that it fires while
 * zen-flow is down.
 */

import { itemsOf } from '../data/items.ts';
import { valuesOf } from '../data/parameters.ts';
import { renderTemplate } from '../data/renderTemplate.ts';
import { isObject } from '../spec/fieldReader.ts';
import type { FlowSpec, Json, JsonObject, Step } from '../spec/flowSpec.ts';
import { API_VERSION, annotation, itemsName, jobName, label, MANAGER } from '../state/names.ts';
import type { FlowRecord } from '../state/record.ts';

export interface FlowIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * `record`: with the inputs of the step. What it says of other steps gives theirs. Null where a
 * value is missing, the items cannot be computed, or the values make it too large.
 */
export function jobOf(
  flow: FlowIdentity,
  spec: FlowSpec,
  record: FlowRecord,
  step: Step,
  attempt: number,
): JsonObject | null {
  const name = jobName(flow, step.name, attempt);
  const items = itemsOf(flow, spec, record, step);
  const values = valuesOf(spec, step, record);
  if (items === null || values === null) return null;
  const template = renderTemplate(flow.name, spec, step, values, items === undefined ? null : itemsName(name));
  if (template === null) return null;
  const metadata = objectAt(template, 'metadata');
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: flow.namespace,
      labels: { ...objectAt(metadata, 'labels'), ...jobLabels(flow, step.name, attempt) },
      annotations: { ...objectAt(metadata, 'annotations'), ...(step.once && { [annotation.held]: 'once' }) },
      ownerReferences: [ownerOf(flow)],
    },
    spec: {
      ...jobSpec(objectAt(template, 'spec'), spec, step),
      ...(items !== undefined && indexed(step, items.length)),
      ...(step.once && { suspend: true }),
    },
  };
}

export function ownerOf({ name, uid }: FlowIdentity): JsonObject {
  return { apiVersion: API_VERSION, kind: 'JobFlow', name, uid, controller: true };
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode */
function indexed({ forEach, retry }: Step, completions: number): JsonObject {
  return {
    completionMode: 'Indexed',
    completions,
    parallelism: Math.min(completions, forEach?.parallelism ?? completions),
    // Each item has its own attempts, and the others go on.
    backoffLimitPerIndex: retry?.limit ?? 0,
    ...(forEach?.maxFailed != null && { maxFailedIndexes: Math.min(completions, forEach.maxFailed) }),
  };
}

export function jobLabels(flow: FlowIdentity, step: string, attempt: number): Readonly<Record<string, string>> {
  return {
    [label.flow]: flow.name,
    [label.step]: step,
    [label.managedBy]: MANAGER,
    [label.flowUid]: flow.uid,
    [label.attempt]: String(attempt),
  };
}

/** `null` in a template counts as absent, as for the API server. */
function jobSpec(own: JsonObject, { policy }: FlowSpec, step: Step): JsonObject {
  const added: Record<string, Json> = {};
  if (step.timeoutMs !== null) added['activeDeadlineSeconds'] = step.timeoutMs / 1_000;
  // The step's own retries are attempts that zen-flow sees. The Job's would multiply them.
  // Of items, `backoffLimit` would bound all together.
  if (step.retry !== null && step.forEach === null && own['backoffLimit'] == null) added['backoffLimit'] = 0;
  if (policy.podFailurePolicy !== null && own['podFailurePolicy'] == null) {
    added['podFailurePolicy'] = policy.podFailurePolicy;
  }
  return { ...own, ...added };
}

function objectAt(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  return isObject(value) ? value : {};
}
