/** Turns the flags of `zen-flow simulate` into a plan. A step that the flow lacks is refused. */

import { ZenLeadError } from '../../lib/errors.ts';
import { wantedOutputs } from '../../lib/flow/data/wantedOutputs.ts';
import type { SimulationPlan } from '../../lib/flow/simulate/simulate.ts';
import type { PlannedEnd } from '../../lib/flow/simulate/simulatedCluster.ts';
import type { FlowSpec, Step } from '../../lib/flow/spec/flowSpec.ts';
import { parseSpan } from '../../lib/flow/spec/parseSpan.ts';
import type { Values } from '../../lib/flow/state/record.ts';

export interface PlanFlags {
  readonly outcomes: readonly string[];
  readonly durations: readonly string[];
  readonly approve: readonly string[];
  readonly reject: readonly string[];
  readonly give: readonly string[];
}

type End = Omit<PlannedEnd, 'durationMs'>;

/** Long enough to see in a timeline what runs beside what. */
const DURATION_MS = 10_000;

export function parsePlan(flags: PlanFlags, spec: FlowSpec): SimulationPlan {
  const steps = new Map([...spec.steps, ...spec.finally].map((step) => [step.name, step]));
  const outcomes = pairsOf('--outcome', flags.outcomes, steps, 'Job', parseOutcomes);
  const durations = pairsOf('--duration', flags.durations, steps, 'Job', parseDuration);
  const given = parseGiven(flags.give, spec, steps);
  const answers = new Map<string, 'approved' | 'rejected'>();
  for (const [flag, answer, names] of [
    ['--approve', 'approved', flags.approve],
    ['--reject', 'rejected', flags.reject],
  ] as const) {
    for (const name of names) {
      checkStep(flag, name, steps, 'Manual');
      answers.set(name, answer);
    }
  }
  return {
    answers,
    answerAfterMs: DURATION_MS,
    endOf: (step, attempt) => {
      const list = outcomes.get(step) ?? [];
      const end = list[attempt - 1] ?? list.at(-1) ?? { kind: 'ok', exitCode: 0 };
      return { ...end, durationMs: durations.get(step) ?? DURATION_MS, outputs: given.get(step) ?? {} };
    },
  };
}

function pairsOf<T>(
  flag: string,
  texts: readonly string[],
  steps: ReadonlyMap<string, Step>,
  type: Step['type'],
  parse: (text: string) => T | null,
): ReadonlyMap<string, T> {
  return new Map(
    texts.map((text) => {
      const at = text.indexOf('=');
      const [name, rest] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
      checkStep(flag, name, steps, type);
      const value = parse(rest);
      const form = flag === '--outcome' ? 'STEP=ok,fail,fail:CODE,timeout' : 'STEP=SPAN, as build=5m';
      if (value === null) throw usageError(`${flag}: "${text}" is not ${form}`);
      return [name, value];
    }),
  );
}

/** `build.tag=v1`. What no flag gives is `simulated-NAME`. */
function parseGiven(
  texts: readonly string[],
  spec: FlowSpec,
  steps: ReadonlyMap<string, Step>,
): ReadonlyMap<string, Values> {
  const flags = new Map<string, string>();
  for (const text of texts) {
    const [, step = '', name = '', value = ''] = /^([^.=]+)\.([^=]+)=(.*)$/s.exec(text) ?? [];
    if (step === '') throw usageError(`--give: "${text}" is not STEP.OUTPUT=VALUE, as build.tag=v1`);
    checkStep('--give', step, steps, 'Job');
    const known = steps.get(step)?.outputs.map((output) => output.name) ?? [];
    if (!known.includes(name))
      throw usageError(`--give: step "${step}" has no output "${name}"; those are ${known.join(', ') || 'none'}`);
    flags.set(`${step}.${name}`, value);
  }
  const textOf = (step: string, name: string) => flags.get(`${step}.${name}`) ?? `simulated-${name}`;
  return new Map(
    [...steps.values()].map((step) => [
      step.name,
      Object.fromEntries(wantedOutputs(spec, step).map(({ name }) => [name, textOf(step.name, name)])),
    ]),
  );
}

function checkStep(flag: string, name: string, steps: ReadonlyMap<string, Step>, type: Step['type']): void {
  const step = steps.get(name);
  const known = [...steps.values()].filter((each) => each.type === type).map((each) => each.name);
  if (step?.type === type) return;
  throw usageError(`${flag}: "${name}" is not a ${type} step of this flow; those are ${known.join(', ') || 'none'}`);
}

function parseOutcomes(text: string): readonly End[] | null {
  const ends = text.split(',').map((part): End | null => {
    if (part === 'ok') return { kind: 'ok', exitCode: 0 };
    if (part === 'timeout') return { kind: 'timeout', exitCode: 143 };
    const code = /^fail(?::(\d{1,3}))?$/.exec(part);
    return code === null ? null : { kind: 'fail', exitCode: Number(code[1] ?? 1) };
  });
  return ends.every((end) => end !== null) ? ends : null;
}

function parseDuration(text: string): number | null {
  return parseSpan(text);
}

function usageError(message: string): ZenLeadError {
  return new ZenLeadError('CONFIG_INVALID', message, { retry: 'never' });
}
