/**
 * Parses the status of a JobFlow: the view that zen-flow wrote. Only a missing record makes it the
 * basis of a decision (rebuildRecord.ts).
 *
 * Guarantees: never fails. A status that cannot be read counts as none.
 */

import type { FlowPhase } from '../state/flowPhase.ts';
import { stepPhases, type Values } from '../state/record.ts';
import type { FlowStatusView, StepStatusView } from '../state/snapshot.ts';
import { instant, type Loose, list, text, toLoose, whole } from './looseFields.ts';

const flowPhases: readonly FlowPhase[] = [
  'Pending',
  'Running',
  'Paused',
  'Suspended',
  'Finalizing',
  'Succeeded',
  'Failed',
];

export function parseStatus(input: unknown): FlowStatusView | null {
  const status = toLoose(input);
  const phase = flowPhases.find((each) => each === status['phase']);
  if (phase === undefined) return null;
  return {
    phase,
    reason: text(status['reason']),
    startedAt: instant(status['startTime']),
    endedAt: instant(status['completionTime']),
    recordRevision: whole(status['recordRevision']) ?? 0,
    observedGeneration: whole(status['observedGeneration']) ?? 0,
    conditions: list(status['conditions']).map((condition) => ({
      type: text(condition['type']) ?? '',
      status: text(condition['status']) ?? '',
      lastTransitionTime: text(condition['lastTransitionTime']) ?? '',
      reason: text(condition['reason']) ?? '',
      message: text(condition['message']) ?? '',
    })),
    steps: list(status['steps']).flatMap(parseStep),
  };
}

function parseStep(step: Loose): readonly StepStatusView[] {
  const [name, phase] = [text(step['name']), stepPhases.find((each) => each === step['phase'])];
  if (name === null || phase === undefined) return [];
  return [
    {
      name,
      phase,
      reason: text(step['reason']),
      startedAt: instant(step['startTime']),
      endedAt: instant(step['completionTime']),
      jobUid: text(toLoose(step['jobRef'])['uid']),
      retries: whole(step['retryCount']) ?? 0,
      exitCode: whole(step['exitCode']),
      by: text(step['approvedBy']),
      outputs: parseOutputs(step),
    },
  ];
}

function parseOutputs(step: Loose): Values {
  const entries = list(toLoose(step['outputs'])['parameters']).flatMap((each): [string, string][] => {
    const [name, value] = [text(each['name']), text(each['value'])];
    return name === null || value === null ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
}
