/** A JobFlow of 36 KB can be nested deeper than a stack has room for. It must harm itself alone. */

import { describe, expect, it } from 'vitest';
import { advance } from '../../../lib/flow/engine/advance.ts';
import { packSnapshot, unpackSnapshot } from '../../../lib/flow/events/packSnapshot.ts';
import { parseJobFlow } from '../../../lib/flow/objects/parseJobFlow.ts';
import { parseSchedule } from '../../../lib/flow/objects/parseSchedule.ts';
import { parseWatchedFlow } from '../../../lib/flow/objects/parseWatchedFlow.ts';
import { checkScheduleObject } from '../../../lib/flow/schedule/checkScheduleObject.ts';
import { checkFlowObject } from '../../../lib/flow/spec/checkFlowObject.ts';
import type { Json, JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { refusedStatus } from '../../../lib/flow/writes/refusedStatus.ts';
import { mutateReview } from '../../../webhooks/mutateReview.ts';
import { validateReview } from '../../../webhooks/validateReview.ts';
import { aTemplate } from '../../support/objects/aFlow.ts';

/** More than a stack has room for, and less than the API server refuses. */
const DEEP = 9_000;

/** From a text: a parser needs no stack for it. */
function nested(depth: number, open = '{"a":', close = '}'): Json {
  return JSON.parse(`${open.repeat(depth)}1${close.repeat(depth)}`) as Json;
}

const specOf = (template: Json): JsonObject => ({ steps: [{ name: 'a', template }] });

const aFlow = (spec: Json): JsonObject => ({
  apiVersion: 'workflow.kube-zen.io/v1alpha1',
  kind: 'JobFlow',
  metadata: { namespace: 'data', name: 'deep', uid: 'u', resourceVersion: '1' },
  spec,
});

const aSchedule = (spec: Json): JsonObject => ({
  ...aFlow({ schedule: '0 2 * * *', jobFlowTemplate: { spec } }),
  kind: 'JobFlowSchedule',
});

const aReview = (object: JsonObject, oldObject: JsonObject | null) => ({
  ...{ uid: '1', operation: 'UPDATE', namespace: 'data', name: 'deep', user: 'ann' },
  ...{ object, oldObject },
});

const tooDeep = 'is nested too deep: spec may have 100 levels';

describe('a flow that is nested deeper than a stack has room for', () => {
  const flow = aFlow(specOf(nested(DEEP)));
  const snapshotOf = (view: ReturnType<typeof parseWatchedFlow>) => ({
    ...{ flow: view, record: null, jobs: [], basis: 'read' as const },
    revisions: { flows: '1', jobs: '1' },
  });

  it('is invalid, and says where', () => {
    const expected = [{ severity: 'error', path: 'spec.steps[0].template', message: tooDeep }];
    expect(parseJobFlow(flow).problems).toEqual(expected);
    expect(parseWatchedFlow(flow).problems).toEqual(expected);
    expect(checkFlowObject(flow).problems).toEqual(expected);
    expect(checkFlowObject(aFlow(specOf(nested(DEEP, '[', ']')))).problems).toEqual(expected);
    expect(checkFlowObject(aFlow(nested(DEEP))).problems).toEqual([{ ...expected[0], path: 'spec.a.a.a' }]);
  });

  it('says so in its status', () => {
    const view = parseWatchedFlow(flow);
    const decision = advance(snapshotOf(view), 0);
    expect(decision).toMatchObject({ kind: 'refused', phase: 'Failed', reason: 'ValidationFailed' });
    expect(JSON.stringify(refusedStatus(view, decision, null, 0))).toContain(`spec.steps[0].template: ${tooDeep}`);
  });

  it('is known when it is seen again, and is refused where it was sent', () => {
    const view = parseWatchedFlow(flow);
    expect(parseWatchedFlow(flow, () => view).spec).toBe(view.spec);
    const sent = unpackSnapshot(packSnapshot(snapshotOf(view), 0));
    expect(sent?.flow?.problems).toEqual(view.problems);
  });

  it('is refused by the webhook, and may still be changed beside its spec', async () => {
    const { signal } = new AbortController();
    expect((await validateReview(aReview(flow, null), null, signal)).refusal).toBe(
      `spec.steps[0].template: ${tooDeep}`,
    );
    expect((await validateReview(aReview(flow, flow), null, signal)).refusal).toBeNull();
    expect(mutateReview(aReview(aFlow(specOf(nested(DEEP, '[', ']'))), null)).refusal).toBeNull();
  });

  it('starts from no schedule', () => {
    const schedule = aSchedule(specOf(nested(DEEP)));
    const expected = { severity: 'error', path: 'spec.jobFlowTemplate.spec.steps', message: tooDeep };
    expect(parseSchedule(schedule).problems).toEqual([expected]);
    expect(checkScheduleObject(schedule).problems).toEqual([expected]);
  });
});

describe('a flow that is nested as deep as it may be', () => {
  it('is valid', () => {
    // The spec, its list of steps, the step and its template are four levels.
    const template = (depth: number) => ({ ...aTemplate, metadata: nested(depth) });
    expect(checkFlowObject(aFlow(specOf(template(96)))).problems).toEqual([]);
    expect(checkFlowObject(aFlow(specOf(template(97)))).problems).toMatchObject([{ message: tooDeep }]);
  });
});
