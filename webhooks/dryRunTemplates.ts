/**
 * Asks the API server whether it would take the Jobs of a flow, without making them.
 *
 * Guarantees: at most 20 Jobs within two seconds. What the API server does not say by then, or may
 * not say, is a warning: a flow is not refused because the cluster is busy. So is what it says of a
 * text that a step is yet to give.
 * Does not guarantee Jobs of later templates: the engine finds what is wrong with them.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../lib/errors.ts';
import { findReferences } from '../lib/flow/data/references.ts';
import { implicitName } from '../lib/flow/data/wantedOutputs.ts';
import type { FlowSpec, JsonObject, Problem, Step } from '../lib/flow/spec/flowSpec.ts';
import { type FlowRecord, newRecord } from '../lib/flow/state/record.ts';
import { type FlowIdentity, jobOf } from '../lib/flow/writes/jobOf.ts';
import { jobs, type KubeApi } from '../lib/kube/kubeApi.ts';
import type { Review } from './admissionReview.ts';

export interface DryRunResult {
  readonly refused: readonly Problem[];
  readonly warnings: readonly string[];
}

export type DryRun = (review: Review, spec: FlowSpec, signal: AbortSignal) => Promise<DryRunResult>;

const MAX_JOBS = 20;
const BUDGET_MS = 2_000;
const IN_FLIGHT = 5;

const dryJobs = { ...jobs, query: 'dryRun=All&fieldValidation=Strict' } as const;

export function createDryRun(api: KubeApi): DryRun {
  return async (review, spec, signal) => {
    const distinct = distinctSteps(spec);
    const refused: Problem[] = [];
    const unsure = new Set<string>();
    const waiting = distinct.slice(0, MAX_JOBS);
    const stop = AbortSignal.any([signal, AbortSignal.timeout(BUDGET_MS)]);
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined && !stop.aborted; next = waiting.shift()) {
        const result = await tryJob(api, review, spec, next.step, stop);
        if (result.kind === 'refused') refused.push({ severity: 'error', path: next.path, message: result.message });
        if (result.kind === 'unsure') unsure.add(result.message);
      }
    };
    const all = Promise.all(Array.from({ length: IN_FLIGHT }, work));
    await Promise.race([all, sleep(BUDGET_MS, undefined, { signal: stop }).catch(() => undefined)]);
    const left = distinct.length - MAX_JOBS;
    if (left > 0) unsure.add(`${left} of ${distinct.length} templates were not tried`);
    if (stop.aborted) unsure.add(`the API server did not answer within ${BUDGET_MS / 1_000} s`);
    refused.sort((a, b) => (a.path < b.path ? -1 : 1));
    return { refused, warnings: [...unsure].map((why) => `the Jobs of this flow were not all tried: ${why}`) };
  };
}

interface Tried {
  readonly step: Step;
  readonly path: string;
}

/** One step of each template: what differs between two of them are texts. */
function distinctSteps(spec: FlowSpec): readonly Tried[] {
  const found = new Map<string, Tried>();
  for (const list of ['steps', 'finally'] as const) {
    for (const [index, step] of spec[list].entries()) {
      if (step.type === 'Manual') continue;
      const shared = spec.templates.findIndex(({ name }) => name === step.templateRef);
      const path = step.template === null ? `spec.templates[${shared}].template` : `spec.${list}[${index}].template`;
      const key = step.template === null ? path : JSON.stringify(step.template);
      if (!found.has(key)) found.set(key, { step, path });
    }
  }
  return [...found.values()];
}

type Answer = { readonly kind: 'taken' } | { readonly kind: 'refused' | 'unsure'; readonly message: string };

async function tryJob(
  api: KubeApi,
  { namespace, name }: Review,
  spec: FlowSpec,
  step: Step,
  signal: AbortSignal,
): Promise<Answer> {
  const flow = { namespace, name: name === '' ? 'flow' : name, uid: '00000000-0000-0000-0000-000000000000' };
  const job = supposedJob(flow, spec, step);
  if (job === null) return { kind: 'unsure', message: `the values of step "${step.name}" make its Job too large` };
  try {
    await api.create(dryJobs, namespace, job, signal);
    return { kind: 'taken' };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isOurs = codeOf(error) !== 'KUBE_INVALID' || namesSupposed(spec, step);
    return { kind: isOurs ? 'unsure' : 'refused', message };
  }
}

/** Items that no supposed text can be read as are left out. The rest of the Job is tried. */
function supposedJob(flow: FlowIdentity, spec: FlowSpec, step: Step): JsonObject | null {
  const record = supposed(spec);
  return jobOf(flow, spec, record, step, 1) ?? jobOf(flow, spec, record, { ...step, forEach: null }, 1);
}

/** Where a quantity stands, "supposed" is none, and what the step will get may be one. */
function namesSupposed(spec: FlowSpec, { template, templateRef, inputs }: Step): boolean {
  const own = template ?? spec.templates.find(({ name }) => name === templateRef)?.template ?? {};
  const named = new Set(findReferences(own, '').map(({ name }) => name));
  return inputs.some(({ name, from }) => from.kind !== 'value' && from.kind !== 'secret' && named.has(name));
}

/** As if each step had given something. */
function supposed(spec: FlowSpec): FlowRecord {
  const steps = [...spec.steps, ...spec.finally];
  const outputs = new Map<string, [string, string][]>();
  const inputs = new Map<string, [string, string][]>();
  const add = (to: typeof outputs, step: string, name: string) =>
    to.set(step, [...(to.get(step) ?? []), [name, 'supposed']]);
  for (const step of steps) {
    for (const { name } of step.outputs) add(outputs, step.name, name);
    for (const { name, from } of step.inputs) {
      if (from.kind === 'configMap') add(inputs, step.name, name);
      if (from.kind === 'jobStatus') add(outputs, from.step, implicitName(from.path));
    }
  }
  const toValues = (values: typeof outputs) =>
    Object.fromEntries([...values].map(([step, entries]) => [step, Object.fromEntries(entries)]));
  return { ...newRecord(spec, '', 0), outputs: toValues(outputs), inputs: toValues(inputs) };
}
