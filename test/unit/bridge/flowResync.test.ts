/** Which flows a round of the resync looks at. */

import { describe, expect, it } from 'vitest';
import { createFlowDomain } from '../../../bridge/flows/flowDomain.ts';
import { parseRecordObject } from '../../../lib/flow/objects/parseRecordObject.ts';
import { parseWatchedFlow } from '../../../lib/flow/objects/parseWatchedFlow.ts';
import { recordName } from '../../../lib/flow/state/names.ts';
import { type FlowRecord, newRecord, serializeRecord } from '../../../lib/flow/state/record.ts';
import { aStep } from '../../support/objects/aFlow.ts';

const source = { namespace: 'data', name: 'nightly' };
const ROUNDS = Array.from({ length: 240 }, (_, round) => round);

/** How often a flow is looked at in 240 rounds. `behind`: revisions that its status lacks. */
function countLooks(fields: Partial<FlowRecord> | null, { behind = 0, phase = 'Running' } = {}): number {
  const { store, isResynced } = createFlowDomain((snapshot) => snapshot);
  const identity = { ...source, uid: 'f-1', resourceVersion: '1' };
  const status = { phase, recordRevision: 5 - behind };
  const flow = parseWatchedFlow({ metadata: identity, spec: { steps: [aStep('a')] }, status });
  store.flows(undefined, () => undefined).replace([flow], new Set());
  if (fields !== null) {
    const record = { ...newRecord(flow.spec, flow.specHash, 0), rev: 5, ...fields };
    const metadata = {
      ...{ namespace: 'data', name: recordName(flow), uid: 'r-1', resourceVersion: '2' },
      ownerReferences: [{ uid: 'f-1', controller: true }],
    };
    const object = parseRecordObject({ metadata, data: serializeRecord(record) });
    store.records(undefined, () => undefined).replace([object], new Set());
  }
  return ROUNDS.filter((round) => isResynced?.(source, round)).length;
}

describe('the resync of flows', () => {
  it('looks at a flow that runs, or has no record, in every round', () => {
    expect(countLooks({})).toBe(240);
    expect(countLooks(null)).toBe(240);
  });

  it('looks at a flow that is suspended every five minutes', () => {
    expect(countLooks({ suspendedAt: 1 })).toBe(24);
  });

  it('looks at a flow that has ended every hour, once its status says so', () => {
    const phase = 'Succeeded';
    expect(countLooks({ endedAt: 1 }, { phase })).toBe(2);
    expect(countLooks({ endedAt: 1 }, { phase, behind: 1 })).toBe(240);
    // Of a record that people have deleted.
    expect(countLooks({ endedAt: 1 })).toBe(240);
  });
});
