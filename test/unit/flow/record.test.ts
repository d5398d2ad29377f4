import { describe, expect, it } from 'vitest';
import { advance } from '../../../lib/flow/engine/advance.ts';
import { parseRecord, serializeRecord } from '../../../lib/flow/state/record.ts';
import { aFlowWorld, aStep } from '../../support/objects/aFlow.ts';

function aRecord() {
  const world = aFlowWorld({ steps: [aStep('a'), aStep('b', 'a')] });
  world.at(0);
  const record = world.cluster.record();
  if (record === null) throw new Error('no record');
  return { record, snapshot: world.cluster.snapshot(0) };
}

describe('a record that a person wrote', () => {
  const fields = JSON.parse(serializeRecord(aRecord().record));

  it.each([
    ['is no JSON', '{'],
    ['has another version', { v: 2 }],
    ['has a text for a time', { startedAt: 'noon' }],
    ['has a time that no Date holds', { endedAt: 1e300 }],
    ['has a time whose year has five digits', { endedAt: Date.UTC(10_000, 0) }],
    ['has a time before 1970', { startedAt: -1 }],
    ['has a negative revision', { rev: -1 }],
    ['has an unknown phase', { steps: [['a', 'Odd', 1]] }],
    ['has a text for an attempt', { steps: [['a', 'Pending', 'x']] }],
    ['has a time of a step that is none', { steps: [['a', 'Running', 1, null, 'noon']] }],
    ['has a step that is no list', { steps: [7] }],
    ['has a stop without a time', { stop: { reason: 'Stopped' } }],
  ])('is unreadable where it %s', (_what, change) => {
    expect(parseRecord(typeof change === 'string' ? change : JSON.stringify({ ...fields, ...change }))).toBeNull();
  });

  it('decides nothing where it lacks a step', () => {
    const { record, snapshot } = aRecord();
    const short = { ...record, steps: record.steps.slice(1) };
    const view = { uid: 'r', resourceVersion: '1', record: short };
    expect(advance({ ...snapshot, record: view }, 1)).toMatchObject({ kind: 'refused', reason: 'RecordUnreadable' });
  });
});
