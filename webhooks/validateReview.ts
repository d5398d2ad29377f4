/**
 * Decides whether a flow or a schedule may be written: everything that `zen-flow lint` finds, and
 * what the API server says about its Jobs.
 *
 * Guarantees: a write that changes no spec is allowed unread, so that a flow that older rules took
 * can still be approved, labelled and deleted.
 */

import { checkScheduleObject } from '../lib/flow/schedule/checkScheduleObject.ts';
import { checkFlowObject } from '../lib/flow/spec/checkFlowObject.ts';
import { cutDepth } from '../lib/flow/spec/depth.ts';
import type { Json, JsonObject, Problem } from '../lib/flow/spec/flowSpec.ts';
import type { Review, Verdict } from './admissionReview.ts';
import type { DryRun } from './dryRunTemplates.ts';

/** The API server shows no more than 4 KiB of warnings, and cuts each at 256 characters. */
const MAX_WARNINGS = 10;
const MAX_WARNING = 256;
const MAX_SHOWN = 10;

const allowed: Verdict = { refusal: null, warnings: [], patch: [] };

export async function validateReview(review: Review, dryRun: DryRun | null, signal: AbortSignal): Promise<Verdict> {
  const { object, oldObject, operation } = review;
  const isWrite = operation === 'CREATE' || operation === 'UPDATE';
  if (!isWrite || object === null || isSameSpec(object, oldObject)) return allowed;
  const check = object['kind'] === 'JobFlowSchedule' ? checkScheduleObject : checkFlowObject;
  const { spec, problems } = check(object);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return { ...allowed, refusal: describe(errors) };
  const tried = dryRun === null ? { refused: [], warnings: [] } : await dryRun(review, spec, signal);
  if (tried.refused.length > 0) return { ...allowed, refusal: describe(tried.refused) };
  const warnings = problems.map(({ path, message }) => `${path}: ${message}`);
  return { ...allowed, warnings: [...warnings, ...tried.warnings].slice(0, MAX_WARNINGS).map(cut) };
}

function isSameSpec(object: JsonObject, oldObject: JsonObject | null): boolean {
  return oldObject !== null && textOf(object['spec']) === textOf(oldObject['spec']);
}

/** What is nested too deep has no text. The engine refuses such a spec, whatever lies there. */
function textOf(spec: Json | undefined): string | undefined {
  return JSON.stringify(cutDepth(spec));
}

function describe(errors: readonly Problem[]): string {
  const lines = errors.slice(0, MAX_SHOWN).map(({ path, message }) => `${path}: ${message}`);
  const more = errors.length > MAX_SHOWN ? [`and ${errors.length - MAX_SHOWN} more`] : [];
  return [...lines, ...more].join('; ');
}

function cut(text: string): string {
  return text.length <= MAX_WARNING ? text : `${text.slice(0, MAX_WARNING - 1)}…`;
}
