/**
 * Builds the Job of one attempt.
 *
 * Guarantees: its name and labels are a function of flow, step and attempt. The flow controls it,
 * so that the garbage collector takes it along. A time-out is the Job's own, so that it fires while
 * zen-flow is down.
 */

import { isObject } from '../spec/fieldReader.ts';
import type { FlowSpec, Json, JsonObject, Step } from '../spec/flowSpec.ts';
import { API_VERSION, jobName, label, MANAGER } from '../state/names.ts';

export interface FlowIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export function jobOf(flow: FlowIdentity, spec: FlowSpec, step: Step, attempt: number): JsonObject {
  const template = templateOf(spec, step);
  const metadata = objectAt(template, 'metadata');
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(flow, step.name, attempt),
      namespace: flow.namespace,
      labels: { ...objectAt(metadata, 'labels'), ...jobLabels(flow, step.name, attempt) },
      annotations: objectAt(metadata, 'annotations'),
      ownerReferences: [{ apiVersion: API_VERSION, kind: 'JobFlow', name: flow.name, uid: flow.uid, controller: true }],
    },
    spec: jobSpec(objectAt(template, 'spec'), spec, step),
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

function templateOf(spec: FlowSpec, step: Step): JsonObject {
  return step.template ?? spec.templates.find(({ name }) => name === step.templateRef)?.template ?? {};
}

function jobSpec(own: JsonObject, { policy }: FlowSpec, step: Step): JsonObject {
  const added: Record<string, Json> = {};
  if (step.timeoutMs !== null) added['activeDeadlineSeconds'] = step.timeoutMs / 1_000;
  // The step's own retries are attempts that zen-flow sees. The Job's would multiply them.
  if (step.retry !== null && own['backoffLimit'] === undefined) added['backoffLimit'] = 0;
  if (policy.podFailurePolicy !== null && own['podFailurePolicy'] === undefined) {
    added['podFailurePolicy'] = policy.podFailurePolicy;
  }
  return { ...own, ...added };
}

function objectAt(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  return isObject(value) ? value : {};
}
