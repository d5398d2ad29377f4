/**
 * Whatever stands in a flow, in its record, in a review and in a condition is read or refused with
 * a path: 1,000 of each every day, 5,000 in CI, more on request with `FUZZ_RUNS=1000000 npx vitest
 * run test/unit/flow/fuzz`. `FUZZ_SEED` gives others.
 */

import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseCondition } from '../../../lib/expression/condition.ts';
import { advance, type Decision } from '../../../lib/flow/engine/advance.ts';
import { checkFlowObject } from '../../../lib/flow/spec/checkFlowObject.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { flowPhase } from '../../../lib/flow/state/flowPhase.ts';
import { API_VERSION } from '../../../lib/flow/state/names.ts';
import {
  type FlowRecord,
  parseRecord,
  type StepRecord,
  type StopReason,
  serializeRecord,
  stepPhases,
} from '../../../lib/flow/state/record.ts';
import { toStatus } from '../../../lib/flow/writes/toStatus.ts';
import { toWrites } from '../../../lib/flow/writes/toWrites.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { createWebhookMetrics } from '../../../lib/telemetry/webhookMetrics.ts';
import { createWebhookApp } from '../../../webhooks/createWebhookApp.ts';
import { changedSomewhere, type Json } from '../../support/changedSomewhere.ts';
import { aFlowWorld, aManualStep, aStep } from '../../support/objects/aFlow.ts';
import { scope, values } from '../../support/objects/conditionValues.ts';

/** As many events take a tenth of the time (test/unit/events/fuzz.test.ts). */
const RUNS = Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 20_000) / 20);
const parameters = { numRuns: RUNS, seed: Number(process.env['FUZZ_SEED'] ?? 20_261_129) };
const TIMEOUT_MS = Math.max(60_000, RUNS * 10);

const spec = {
  parameters: { region: 'eu', count: '3' },
  templates: [{ name: 'work', template: aStep('x')['template'] ?? {} }],
  parallelism: 2,
  executionPolicy: {
    concurrencyKey: 'db',
    concurrencyPolicy: 'Replace',
    activeDeadlineSeconds: 60,
    backoffLimit: 2,
    podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [3] } }] },
  },
  resourceTemplates: { configMapTemplates: [{ metadata: { name: 'settings' }, data: { a: 'b' } }] },
  steps: [
    {
      ...{ name: 'a', templateRef: 'work', when: "params.region == 'eu'" },
      retryPolicy: { limit: 2, backoff: { type: 'Linear', duration: '2s', factor: 2 }, when: 'exitCode == 3' },
      outputs: { parameters: [{ name: 'tag', valueFrom: { terminationMessage: { jsonPath: '$.tag' } } }] },
      timeoutSeconds: 30,
    },
    { name: 'b', templateRef: 'work', dependencies: ['a'], forEach: { items: ['x', 'y'], maxFailed: 1 } },
    {
      ...{ name: 'c', templateRef: 'work', dependencies: ['a'], memoize: { key: 'params.count', ttlSeconds: 9 } },
      inputs: { parameters: [{ name: 'tag', valueFrom: { output: { step: 'a', name: 'tag' } } }] },
    },
    aManualStep('q', ['b', 'c'], { approval: { users: ['jane'], timeoutSeconds: 60, onTimeout: 'Skip' } }),
  ],
  finally: [aStep('z')],
};
const flow = { apiVersion: API_VERSION, kind: 'JobFlow', metadata: { name: 'nightly', namespace: 'data' }, spec };

describe('a flow that is changed somewhere', () => {
  it('is sound as it stands', () => {
    expect(checkFlowObject(flow).problems).toEqual([]);
  });

  it('is taken, or refused with a path', { timeout: TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(changedSomewhere(flow as Json), (changed) => {
        // Who calls it has seen that it is an object.
        fc.pre(typeof changed === 'object' && changed !== null);
        for (const { path, message } of checkFlowObject(changed as JsonObject).problems) {
          expect(path).toMatch(/^\S/);
          expect(message).not.toBe('');
        }
      }),
      parameters,
    );
  });

  it('is answered by both webhooks, and never by a fault', { timeout: TIMEOUT_MS }, async () => {
    const metrics = createMetrics();
    const webhookMetrics = createWebhookMetrics(metrics.registry);
    const isReady = () => ({ ready: true, reasons: [] });
    const app = createWebhookApp({ dryRun: null, metrics, webhookMetrics, log: silentLogger, isReady });
    onTestFinished(() => app.close());
    const request = { uid: 'u-1', operation: 'UPDATE', namespace: 'data', name: 'nightly', oldObject: flow };
    const review = {
      ...{ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
      request: { ...request, userInfo: { username: 'jane' }, object: flow },
    };
    await fc.assert(
      fc.asyncProperty(changedSomewhere(review as Json), async (changed) => {
        for (const url of ['/validate-jobflow', '/mutate-jobflow']) {
          const headers = { 'content-type': 'application/json' };
          const answer = await app.inject({ method: 'POST', url, headers, payload: JSON.stringify(changed) });
          expect([200, 400]).toContain(answer.statusCode);
          const { response, message } = answer.json();
          expect(answer.statusCode === 200 ? typeof response.allowed : typeof message).toMatch(/boolean|string/);
        }
      }),
      parameters,
    );
  });
});

/** Of which a record may have the latest. */
const LAST_INSTANT = Date.UTC(9000, 0) - 1;
const anInstant = fc.constantFrom(null, 0, 9_000, 10_000, 22_000, 200_000, LAST_INSTANT);
const aCount = fc.constantFrom(0, 1, 2, 3, 101, 2 ** 53 - 1);

/** Whatever a person with rights on records may write that is read. */
function aSoundRecord(record: FlowRecord): fc.Arbitrary<FlowRecord> {
  const aStepLike = (step: StepRecord): fc.Arbitrary<StepRecord> =>
    fc.record({
      name: fc.constant(step.name),
      phase: fc.constantFrom(...stepPhases),
      reason: fc.constantFrom<StepRecord['reason']>(null, step.reason, 'Backoff', 'UpstreamFailed', 'Memoized'),
      attempt: aCount,
      jobUid: fc.constantFrom(null, step.jobUid, 'another'),
      startedAt: anInstant,
      endedAt: anInstant,
      exitCode: fc.constantFrom(null, 0, 3, -1, 2 ** 31),
      by: fc.constantFrom(null, 'jane', ''),
    });
  const stop = fc.record({ reason: fc.constantFrom<StopReason>('Stopped', 'Terminated', 'StepFailed'), at: fc.nat() });
  return fc
    .record({
      rev: aCount,
      startedAt: anInstant.map((at) => at ?? 0),
      pausedMs: fc.nat(100_000),
      suspendedAt: anInstant,
      retries: aCount,
      stop: fc.option(stop),
      finallyAt: anInstant,
      endedAt: fc.option(anInstant, { freq: 3 }),
      steps: fc.tuple(...record.steps.map(aStepLike)),
      outputs: fc.constantFrom<FlowRecord['outputs']>(record.outputs, {}, { a: { tag: '' } }, { b: { x: 'y' } }),
      inputs: fc.constantFrom<FlowRecord['inputs']>(record.inputs, {}, { c: { tag: '{{.parameters.x}}' } }),
      groupAt: anInstant,
    })
    .map((fields) => ({ ...record, ...fields }));
}

describe('a record', () => {
  const world = aFlowWorld({ ...spec, executionPolicy: {} }, { a: ['fail:3', 'ok'] }, 10_000, { a: { tag: 'v1' } });
  for (const at of [0, 10_000, 12_000, 22_000]) world.at(at);
  const snapshot = world.cluster.snapshot(23_000);
  const record = world.cluster.record();
  if (record === null) throw new Error('the flow has no record');

  /** Decides, makes the writes and the status. */
  function decideBy(read: FlowRecord | null, now: number): readonly Decision[] {
    const view = { uid: 'r', resourceVersion: '9', record: read ?? ('unreadable' as const) };
    return (['read', 'watch'] as const).map((basis) => {
      const seen = { ...snapshot, basis, record: view };
      const decision = advance(seen, now);
      expect(toWrites(decision, seen)).toBeInstanceOf(Array);
      if (read !== null && seen.flow !== null && decision.kind !== 'refused')
        expect(toStatus(seen.flow, decision.record ?? read, flowPhase(seen.flow.spec, read), now)).toBeTypeOf('object');
      return decision;
    });
  }

  it('that is changed somewhere is unreadable, or the flow is decided by it', { timeout: TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(changedSomewhere(JSON.parse(serializeRecord(record))), (changed) => {
        const read = parseRecord(JSON.stringify(changed));
        for (const { reason } of decideBy(read, 23_000)) if (read === null) expect(reason).toBe('RecordUnreadable');
      }),
      parameters,
    );
  });

  it('that holds anything sound is read, and the flow is decided by it', { timeout: TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(aSoundRecord(record), fc.nat(200_000), (changed, now) => {
        const read = parseRecord(serializeRecord(changed));
        expect(read).not.toBeNull();
        for (const { kind } of decideBy(read, now)) expect(kind).not.toBe('refused');
      }),
      { ...parameters, numRuns: RUNS * 3 },
    );
  });
});

const everything = { ...scope, isRetry: true, hasItem: true };
const found = {
  ...values,
  parameters: { region: 'eu-west', 'dry-run': '9007199254740993' },
  item: 'é\u0000',
};

/** What parsers have broken on. */
const aWord = fc.constantFrom(
  ...`( ) [ ] { } , ? && ! - / ' " r' b'x' 0x 1u 1e309 null \\ é ; .constructor .__proto__ {{.x}}`.split(' '),
  ...[' in ', '//', '9223372036854775808', '`', '\n', '\ud800'],
);

const { bool: aBool } = fc.letrec<Readonly<Record<'text' | 'int' | 'list' | 'bool', string>>>((tie) => {
  const form = (strings: TemplateStringsArray, ...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.tuple(...parts).map((values) => String.raw({ raw: strings.raw }, ...values));
  const [text, int, list, bool] = [tie('text'), tie('int'), tie('list'), tie('bool')];
  const shallow = { maxDepth: 4, depthIdentifier: 'condition' } as const;
  const aText = [
    "''",
    "'a-é'",
    'item',
    'reason',
    'flow.name',
    'params.region',
    "params['dry-run']",
    'steps.build.phase',
  ];
  const anInt = ['0', '-1', '9223372036854775807', 'exitCode', 'attempt', "steps['unit-tests'].exitCode"];
  return {
    text: fc.oneof(
      shallow,
      fc.constantFrom(...aText, 'steps.build.outputs.tag', "steps['unit-tests'].reason"),
      form`(${text} + ${text})`,
      form`string(${int})`,
      form`${text}.upperAscii()`,
      form`(${bool} ? ${text} : ${text})`,
    ),
    int: fc.oneof(
      shallow,
      fc.constantFrom(...anInt),
      form`size(${text})`,
      form`int(${text})`,
      form`(${int} ${fc.constantFrom('+', '-', '*', '/', '%')} ${int})`,
      form`size(${list})`,
    ),
    list: fc.oneof(
      shallow,
      fc.constantFrom("['a', 'b']", "''.split('')", "params.region.split('-')"),
      form`[${text}, ${text}]`,
      form`${text}.split(${text})`,
      form`${list}.map(x, x + ${text})`,
      form`${list}.filter(x, ${bool})`,
    ),
    bool: fc.oneof(
      shallow,
      fc.constantFrom('true', 'false', "bool('maybe')"),
      form`${text} == ${text}`,
      form`${int} < ${int}`,
      form`${text}.contains(${text})`,
      form`(${text} in ${list})`,
      form`${list}.exists(x, x == ${text} && ${bool})`,
      form`(${bool} ${fc.constantFrom('&&', '||')} ${bool})`,
      form`!(${bool})`,
      form`double(${text}) > 0.5`,
    ),
  };
});

/** Half of them with something in the middle that does not belong there. */
const aCondition = fc.oneof(
  aBool,
  fc.tuple(aBool, fc.nat(), aWord).map(([text, at, word]) => {
    const middle = at % (text.length + 1);
    return text.slice(0, middle) + word + text.slice(middle);
  }),
);

describe('a condition', () => {
  it('is refused with a reason, or gives true, false or an error', { timeout: TIMEOUT_MS }, () => {
    let read = 0;
    fc.assert(
      fc.property(aCondition, (text) => {
        const condition = parseCondition(text, everything);
        if (condition.kind === 'problem') {
          expect(condition.message).not.toBe('');
          return;
        }
        read += 1;
        const outcome = condition.evaluate(found);
        if (outcome.kind === 'value') expect(outcome.value).toBeTypeOf('boolean');
        else expect(outcome.message).not.toBe('');
      }),
      parameters,
    );
    expect(read).toBeGreaterThan(RUNS / 10);
  });
});
