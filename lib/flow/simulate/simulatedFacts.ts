/** Gives the facts that a decision about a simulated flow asks for, as its plan says. */

import { attemptKey, configMapKey, type Facts, noFacts, type Read } from '../state/facts.ts';
import type { PlannedEnd } from './simulatedCluster.ts';

type Plan = (step: string, attempt: number) => PlannedEnd;

export function simulatedFacts(reads: readonly Read[], plan: Plan): Facts {
  return reads.reduce((facts, read) => addFact(facts, read, plan), noFacts);
}

function addFact(facts: Facts, read: Read, plan: Plan): Facts {
  switch (read.kind) {
    case 'outputs': {
      const given = plan(read.step, read.attempt).outputs ?? {};
      return { ...facts, outputs: { ...facts.outputs, [attemptKey(read.step, read.attempt)]: given } };
    }
    // The outcome of a simulated Job has it.
    case 'exitCode':
      return facts;
    case 'configMap':
      return { ...facts, configMaps: { ...facts.configMaps, [configMapKey(read)]: `simulated-${read.key}` } };
    case 'memo':
      return { ...facts, memos: { ...facts.memos, [read.name]: null } };
    case 'group':
      return { ...facts, group: { lease: null, holder: null } };
  }
}
