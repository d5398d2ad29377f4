/**
 * Keeps the result of a memoized step that has just succeeded, in a ConfigMap of its own.
 *
 * Does not guarantee that it is kept: a function that is killed after the record was written keeps
 * nothing, and the next flow runs the step.
 */

import { lacksMemoTemplate, memoNameOf } from '../data/memo.ts';
import type { StepChange } from '../engine/progress.ts';
import type { Facts } from '../state/facts.ts';
import { label, MANAGER } from '../state/names.ts';
import { type FlowRecord, outputsOf } from '../state/record.ts';
import type { FlowView } from '../state/snapshot.ts';
import type { FlowWrite } from './toWrites.ts';

export function memoWrites(
  flow: FlowView,
  record: FlowRecord,
  changes: readonly StepChange[],
  facts: Facts | undefined,
): readonly FlowWrite[] {
  const steps = new Map([...flow.spec.steps, ...flow.spec.finally].map((step) => [step.name, step]));
  return changes.flatMap(({ step: name, to, reason }): readonly FlowWrite[] => {
    const step = steps.get(name);
    if (to !== 'Succeeded' || reason !== null || step?.memoize == null) return [];
    const memo = lacksMemoTemplate(flow.spec, step) ? null : memoNameOf(flow, flow.spec, record, step);
    if (memo === null) return [];
    const endedAt = record.steps.find((each) => each.name === name)?.endedAt ?? record.startedAt;
    const outputs = outputsOf(record, name);
    const data = { storedAt: new Date(endedAt).toISOString(), outputs: JSON.stringify(outputs) };
    const old = facts?.memos[memo] ?? null;
    if (old !== null) {
      const { uid, resourceVersion } = old;
      return [
        { kind: 'patch', resource: 'configmaps', name: memo, patch: { metadata: { uid, resourceVersion }, data } },
      ];
    }
    const labels = { [label.managedBy]: MANAGER, [label.flow]: flow.name, [label.step]: name };
    const metadata = { name: memo, namespace: flow.namespace, labels };
    return [
      { kind: 'create', resource: 'configmaps', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } },
    ];
  });
}
