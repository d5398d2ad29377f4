import { describe, expect, it } from 'vitest';
import { toExplainDocument } from '../../../../cli/explain/explainDocument.ts';
import { renderExplanation } from '../../../../cli/explain/renderExplanation.ts';
import { aCandidate, aSnapshot, aSource, uid } from '../../../support/objects/anEvent.ts';

const NOW = 100_000;
const aPod = (number: number, changes = {}) =>
  aCandidate({
    name: `db-${number}`,
    uid: uid(`pod-${number}`),
    createdAt: 1_000 + number,
    readyChangedAt: 2_000,
    ...changes,
  });

const annotated = (annotations: Readonly<Record<string, string>>) =>
  aSource({ annotations: { 'zen-lead.io/enabled': 'true', ...annotations } });

describe('an explanation', () => {
  it('says of each pod why it leads or why not, and who is next', () => {
    const snapshot = aSnapshot({
      source: annotated({ 'zen-lead.io/min-ready-duration': '60s' }),
      candidates: [
        aPod(0, { ready: false }),
        aPod(1),
        aPod(2, { readyChangedAt: 90_000 }),
        aPod(3, { terminating: true }),
        aPod(4),
      ],
    });
    const { pods, leader, nextLookAt } = toExplainDocument(snapshot, NOW);
    expect(leader?.name).toBe('db-1');
    expect(pods.map(({ name, because, isNext }) => ({ name, because, isNext }))).toEqual([
      { name: 'db-0', because: 'is not Ready', isNext: false },
      { name: 'db-1', because: 'leads', isNext: false },
      { name: 'db-2', because: 'could lead from 1970-01-01T00:02:30.000Z, by min-ready-duration', isNext: false },
      { name: 'db-3', because: 'is being deleted', isNext: false },
      { name: 'db-4', because: 'could lead', isNext: true },
    ]);
    expect(nextLookAt).toBe('1970-01-01T00:02:30.000Z');
  });

  it('says that an annotation which zen-lead does not read has no effect', () => {
    const source = annotated({ 'zen-lead.io/sticki': 'false', 'zen-lead.io/priority': '3' });
    const { annotations } = toExplainDocument(aSnapshot({ source }), NOW);
    expect(annotations.map(({ annotation: name, readAs }) => `${name} ${readAs}`)).toEqual([
      'zen-lead.io/enabled opted in',
      'zen-lead.io/priority has no effect here: it is for a pod',
      'zen-lead.io/sticki has no effect: zen-lead does not know that name',
    ]);
  });

  it('says how each annotation was read, and what the rules go by where it cannot be', () => {
    const source = annotated({ 'zen-lead.io/paused': 'False', 'zen-lead.io/failover-min-delay': '90s' });
    expect(toExplainDocument(aSnapshot({ source }), NOW).annotations).toEqual([
      { annotation: 'zen-lead.io/enabled', value: 'true', readAs: 'opted in', accepts: null },
      { annotation: 'zen-lead.io/failover-min-delay', value: '90s', readAs: '1m30s', accepts: null },
      { annotation: 'zen-lead.io/paused', value: 'False', readAs: 'paused', accepts: '"true" or "false"' },
    ]);
  });

  it('says what is still to be written', () => {
    expect(toExplainDocument(aSnapshot({ candidates: [aPod(0)] }), NOW).writes).toEqual([
      'create services/db-leader',
      'create endpointslices/db-leader-ipv4',
    ]);
  });

  it('is a page of text without an escape sequence, unless asked for colour', () => {
    const document = toExplainDocument(aSnapshot({ candidates: [aPod(0), aPod(1, { exclude: 'true' })] }), NOW);
    const text = renderExplanation(document, (_format, each) => each).join('\n');
    expect(text).toContain('db-0 leads: no pod led before');
    expect(text).toContain('db-1  is excluded by zen-lead.io/exclude (node-1, zone-1)');
    expect(text).toContain('nothing changes until a pod, the Service or a slice does');
    expect(text).not.toContain('\u001b');
  });

  it('explains a Service that is gone or never opted in', () => {
    expect(toExplainDocument(aSnapshot({ source: null }), NOW)).toMatchObject({ reason: 'SourceGone', pods: [] });
    const plain = aSnapshot({ source: aSource({ annotations: {} }), candidates: [] });
    expect(toExplainDocument(plain, NOW)).toMatchObject({ reason: 'OptedOut', leaderService: null });
  });
});
