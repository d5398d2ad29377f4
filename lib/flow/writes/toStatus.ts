/**
 * Makes the view in `status` out of what was decided, and says when it has to be written.
 *
 * Guarantees: pure. A change of the flow's phase, a failure and a question are due at once, all
 * else at most every second and every 10 ms a step (docs/decisions/flows.md#the-record).
 */

import { artifactClaims } from '../data/artifacts.ts';
import { templateOf } from '../data/renderTemplate.ts';
import { retryAt } from '../engine/backoff.ts';
import { explainStep } from '../engine/explainStep.ts';
import type { Json, JsonObject, NamedTemplate, Step } from '../spec/flowSpec.ts';
import { limits } from '../spec/limits.ts';
import type { FlowState } from '../state/flowPhase.ts';
import { isInstant } from '../state/instant.ts';
import { annotation, jobName, requestPrefix, resourceName } from '../state/names.ts';
import { type FlowRecord, hasEnded, outputsOf, type StepRecord, type Values } from '../state/record.ts';
import type { FlowView } from '../state/snapshot.ts';
import { utf8Length } from '../state/utf8Length.ts';
import { conditionsOf, saysSpecChanged, toTime } from './statusConditions.ts';
import { waitingFor } from './waitingFor.ts';

const MAX_MESSAGE = 256;
/** What a column has room for. A name has 52 characters at most. */
const MAX_RUNNING = 2;
const SHORTEST_MS = 1_000;
const STEP_MS = 10;

/** Milliseconds between two writes of a view in which nothing urgent has changed. */
export function statusIntervalMs({ spec }: FlowView): number {
  return Math.max(SHORTEST_MS, (spec.steps.length + spec.finally.length) * STEP_MS);
}

export function isStatusBehind(flow: FlowView, record: FlowRecord): boolean {
  const { status, generation } = flow;
  if (status === null || status.recordRevision < record.rev || status.observedGeneration < generation) return true;
  if (isRefusal(flow)) return true;
  // It shows a record that was deleted, and nothing else leads to another write.
  return record.endedAt !== null && status.phase !== 'Succeeded' && status.phase !== 'Failed';
}

/** It says that the flow was refused, which it is no more. */
function isRefusal(flow: FlowView): boolean {
  return saysSpecChanged(flow) || flow.status?.reason === 'RecordUnreadable';
}

/** Something that a person waits for. */
export function isStatusUrgent(flow: FlowView, record: FlowRecord, { phase, reason }: FlowState): boolean {
  const { status } = flow;
  if (isRefusal(flow)) return true;
  if (status === null || status.phase !== phase || status.reason !== reason) return true;
  const before = new Map(status.steps.map((step) => [step.name, step]));
  return record.steps.some(({ name, phase: now, reason: why }) => {
    const seen = before.get(name);
    return (
      ((now === 'Failed' || now === 'PendingApproval') && seen?.phase !== now) ||
      (why === 'Quota') !== (seen?.reason === 'Quota')
    );
  });
}

export function toStatus(flow: FlowView, record: FlowRecord, state: FlowState, now: number): JsonObject {
  const steps = new Map([...flow.spec.steps, ...flow.spec.finally].map((step) => [step.name, step]));
  const count = (holds: (step: StepRecord) => boolean) => record.steps.filter(holds).length;
  const completed = count(hasEnded);
  return fitted({
    phase: state.phase,
    reason: state.reason,
    startTime: toTime(record.startedAt),
    completionTime: record.endedAt === null ? null : toTime(record.endedAt),
    observedGeneration: flow.generation,
    recordRevision: record.rev,
    estimatedCompletionTime: estimateOf(flow, record),
    ...auditOf(flow),
    ...resourcesOf(flow, record),
    summary: `${completed}/${record.steps.length}`,
    waiting: waitingFor(flow.spec, record.steps),
    running: runningOf(record),
    retries: record.steps.reduce((sum, { attempt }) => sum + attempt - 1, 0),
    progress: {
      completedSteps: completed,
      totalSteps: record.steps.length,
      successfulSteps: count(({ phase }) => phase === 'Succeeded'),
      failedSteps: count(({ phase }) => phase === 'Failed'),
    },
    conditions: conditionsOf(flow, record, state, now),
    steps: record.steps.flatMap((own) => {
      const step = steps.get(own.name);
      return step === undefined ? [] : [toStep(flow, record, step, own)];
    }),
  });
}

/** Fewer rows come nowhere near. */
const SMALL = 100;

/** At most 384 KiB: messages go first, then the times of steps that have ended. */
function fitted(status: JsonObject & { readonly steps: readonly JsonObject[] }): JsonObject {
  const { steps } = status;
  if (steps.length <= SMALL || fits(status)) return status;
  const brief = { ...status, steps: steps.map(({ message: _, ...step }) => step) };
  if (fits(brief)) return brief;
  const isOver = ({ phase }: JsonObject) => phase === 'Succeeded' || phase === 'Failed' || phase === 'Skipped';
  return {
    ...brief,
    steps: brief.steps.map((step) => {
      const { startTime: _start, completionTime: _end, ...rest } = step;
      return isOver(step) ? rest : step;
    }),
  };
}

const fits = (status: JsonObject): boolean => utf8Length(JSON.stringify(status)) <= limits.status;

/** By the last run of the same schedule or group. Null without one, and once the flow has ended. */
function estimateOf({ annotations }: FlowView, record: FlowRecord): string | null {
  const ofSchedule = Number(annotations[annotation.expectedSeconds] ?? Number.NaN) * 1_000;
  const expectedMs = record.expectedMs ?? ofSchedule;
  const { startedAt, groupAt, pausedMs, endedAt } = record;
  const at = (groupAt ?? startedAt) + pausedMs + expectedMs;
  // A person may have written any number.
  return endedAt !== null || !(expectedMs >= 0) || !isInstant(at) ? null : toTime(at);
}

/** Known where the webhook writes it. */
function auditOf({ annotations }: FlowView): JsonObject {
  const initiatedBy = annotations[annotation.initiatedBy];
  return initiatedBy === undefined ? {} : { audit: { initiatedBy } };
}

/** Those that a step which has begun names, under the names that they have in the cluster. */
function resourcesOf({ name, spec }: FlowView, { steps }: FlowRecord): JsonObject {
  const { claims, configMaps } = spec.resources;
  if (claims.length + configMaps.length === 0) return {};
  const begun = new Set(steps.filter(({ startedAt }) => startedAt !== null).map((step) => step.name));
  const texts = [...spec.steps, ...spec.finally]
    .filter((step) => begun.has(step.name))
    .map((step) => JSON.stringify([templateOf(spec, step), artifactClaims(spec, step)]));
  const refsOf = (kind: string, templates: readonly NamedTemplate[]) =>
    templates
      .filter((template) => texts.some((text) => text.includes(JSON.stringify(template.name))))
      .map((template) => ({ kind, name: resourceName(name, template.name) }));
  return { resourceRefs: [...refsOf('PersistentVolumeClaim', claims), ...refsOf('ConfigMap', configMaps)] };
}

/** As `extract, load (+3)`. Null where no step runs. */
function runningOf({ steps }: FlowRecord): string | null {
  const names = steps.filter(({ phase }) => phase === 'Running').map(({ name }) => name);
  const more = names.length > MAX_RUNNING ? ` (+${names.length - MAX_RUNNING})` : '';
  return names.length === 0 ? null : `${names.slice(0, MAX_RUNNING).join(', ')}${more}`;
}

function toStep(flow: FlowView, record: FlowRecord, step: Step, own: StepRecord): JsonObject {
  const hasRun = step.type === 'Job' && own.startedAt !== null;
  const at = retryAt(step, own);
  // The next attempt has no Job yet.
  const ran = own.reason === 'Backoff' ? own.attempt - 1 : own.attempt;
  return dropNulls({
    name: own.name,
    phase: own.phase,
    reason: own.reason,
    startTime: own.startedAt === null ? null : toTime(own.startedAt),
    completionTime: own.endedAt === null ? null : toTime(own.endedAt),
    jobRef: hasRun ? dropNulls({ name: jobName(flow, own.name, ran), uid: own.jobUid }) : null,
    retryCount: own.attempt - 1,
    exitCode: own.exitCode,
    message: own.phase === 'Succeeded' ? null : messageOf(flow, record, step, own).slice(0, MAX_MESSAGE),
    retryAt: at === null ? null : toTime(at),
    approvedBy: own.by,
    outputs: toParameters(outputsOf(record, own.name)),
  });
}

/** Those that the step declares: what other steps ask of its Job has no name of its own. */
function toParameters(outputs: Values): Json {
  const parameters = Object.entries(outputs).flatMap(([name, value]) =>
    name.startsWith('$') ? [] : [{ name, value }],
  );
  return parameters.length === 0 ? null : { parameters };
}

function messageOf(flow: FlowView, record: FlowRecord, step: Step, { phase }: StepRecord): string {
  return phase === 'PendingApproval' ? questionOf(step) : explainStep(flow, record, step);
}

function questionOf({ name, message }: Step): string {
  return message ?? `annotate ${requestPrefix.approved}/${name} with "true" or "false"`;
}

function dropNulls(fields: Readonly<Record<string, Json>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
