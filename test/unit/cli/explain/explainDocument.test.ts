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

  it('says of a compact snapshot what it left out', () => {
    const snapshot = { ...aSnapshot({ candidates: [aPod(0)] }), omitted: { fit: 4_985, notReady: 1 } };
    const document = toExplainDocument(snapshot, NOW);
    expect(document.omittedPods).toEqual(snapshot.omitted);
    const text = renderExplanation(document, (_format, each) => each).join('\n');
    expect(text).toContain('and pods that the event left out because it had too many: 4985 fit, 1 notReady');
    expect(toExplainDocument(aSnapshot({}), NOW)).not.toHaveProperty('omittedPods');
  });

  it('an explanation is a page of text without an escape sequence, unless asked for colour', () => {
    const document = toExplainDocument(aSnapshot({ candidates: [aPod(0), aPod(1, { exclude: 'true' })] }), NOW);
    const text = renderExplanation(document, (_format, each) => each).join('\n');
    expect(text).toContain('db-0 leads: no pod led before');
    expect(text).toContain('db-1  is excluded by zen-lead.io/exclude (node-1, zone-1)');
    expect(text).toContain('nothing changes until a pod, the Service or a slice does');
    expect(text).not.toContain('\u001b');
  });

  it('lists the leaders that were announced, where there was more than one', () => {
    const changes = [
      { epoch: 8, pod: null, reason: 'NoReadyPods', at: null },
      { epoch: 8, pod: 'db-1', reason: 'LeaderNotReady', at: '1970-01-01T00:00:00.000Z' },
    ];
    const shown = { ...toExplainDocument(aSnapshot({}), NOW), at: '1970-01-01T00:01:00.000Z' };
    const textOf = (history: typeof changes) =>
      renderExplanation({ ...shown, history }, (_format, each) => each).join('\n');
    expect(textOf(changes)).toContain(
      'History\n  no pod: NoReadyPods, epoch 8\n  db-1: LeaderNotReady, 1m before, epoch 8',
    );
    expect(textOf(changes.slice(1))).not.toContain('History');
  });

  it('explains a Service that is gone or never opted in', () => {
    expect(toExplainDocument(aSnapshot({ source: null }), NOW)).toMatchObject({ reason: 'SourceGone', pods: [] });
    const plain = aSnapshot({ source: aSource({ annotations: {} }), candidates: [] });
    expect(toExplainDocument(plain, NOW)).toMatchObject({ reason: 'OptedOut', leaderService: null });
  });

  describe('of a Service with a health check', () => {
    const check = { 'zen-lead.io/health-check': 'http://:80/live' };
    const fails = { verdict: 'failing', since: 60_000, detail: 'http-503' } as const;
    const judged = aSnapshot({
      source: annotated(check),
      observer: 'bridge-0',
      candidates: [aPod(0, { health: fails }), aPod(1, { health: { verdict: 'passing', since: 70_000 } }), aPod(2)],
    });

    it('says of each pod what the check says, and which one has no verdict', () => {
      expect(toExplainDocument(judged, NOW).pods.map(({ because, health }) => [because, health])).toEqual([
        ['fails its health check', fails],
        ['leads', { verdict: 'passing', since: 70_000 }],
        ['could lead once it passes its health check, which has no verdict on it yet', null],
      ]);
    });

    it('prints which bridge runs it, and the bound of a hang with its parts', () => {
      const text = renderExplanation(toExplainDocument(judged, NOW), (_format, each) => each).join('\n');
      expect(text).toContain('http://:80/live, run by bridge-0');
      expect(text).toContain('a hang is left after 4.1s (interval 1s + 3 x timeout 1s + 2 x 50ms)');
      expect(text).toContain('db-0  fails its health check; fails its check (http-503) since 1970-01-01T00:01:00.000Z');
    });

    it('says that no verdict is known where no bridge reports one', () => {
      const snapshot = aSnapshot({ source: annotated(check), candidates: [aPod(0)] });
      const text = renderExplanation(toExplainDocument(snapshot, NOW), (_format, each) => each).join('\n');
      expect(text).toContain('http://:80/live, no verdict is known here');
    });

    it('says of tcp that it does not see a hang', () => {
      const source = annotated({
        'zen-lead.io/health-check': 'tcp://:80',
        'zen-lead.io/health-check-interval': '100ms',
      });
      const { healthCheck } = toExplainDocument(aSnapshot({ source, candidates: [] }), NOW);
      expect(healthCheck).toMatchObject({ check: 'tcp://:80', hangBoundMs: 3_200 });
      expect(healthCheck?.bound).toContain('a hang is not seen by tcp');
    });

    it('says how each setting was read, and that it has no effect alone', () => {
      const settings = {
        'zen-lead.io/health-check-interval': '100ms',
        'zen-lead.io/health-check-failure-threshold': '2',
        'zen-lead.io/health-check-success-threshold': '1',
        'zen-lead.io/health-check-timeout': '2s',
      };
      const readAs = (annotations: Readonly<Record<string, string>>) =>
        toExplainDocument(aSnapshot({ source: annotated(annotations) }), NOW).annotations.map((each) => each.readAs);
      expect(readAs({ ...check, ...settings })).toEqual([
        ...['opted in', 'http, port 80', '2 in a row', '100ms', '1 in a row', '2s'],
      ]);
      expect(readAs(settings).slice(1)).toEqual(Array(4).fill('no effect without a health check'));
      expect(readAs({ 'zen-lead.io/health-check': 'http' })).toContain('no check');
    });
  });

  describe('of a Service with a role check', () => {
    const roles = { 'zen-lead.io/role-check': 'redis://:6379', 'zen-lead.io/health-check-interval': '100ms' };
    const said = aSnapshot({
      source: annotated({ ...roles, 'zen-lead.io/strategy': 'newest', 'zen-lead.io/role-check-send': 'x' }),
      observer: 'bridge-0',
      candidates: [
        aPod(0, { health: { verdict: 'passing', role: 'other', since: 60_000 } }),
        aPod(1, { health: { verdict: 'passing', role: 'primary', since: 70_000 } }),
        aPod(2, { health: { verdict: 'failing', since: 80_000, detail: 'auth' } }),
      ],
    });

    it('says of each pod what it says of itself, and what is overruled', () => {
      const document = toExplainDocument(said, NOW);
      const text = renderExplanation(document, (_format, each) => each).join('\n');
      expect(document).toMatchObject({ reason: 'RoleTaken', leader: { name: 'db-1' }, healthCheck: null });
      expect(text).toContain(
        'db-0  leads once it says that it is the primary; says that it is not the primary since 1970',
      );
      expect(text).toContain('db-1  leads; says that it is the primary since 1970');
      expect(text).toContain('fails its check (auth) since 1970');
      expect(text).toContain('redis://:6379, run by bridge-0');
      expect(text).toContain('a leader that becomes a replica is noticed after 1.1s');
      expect(document.annotations.map(({ readAs }) => readAs)).toEqual([
        ...['opted in', '100ms', 'redis, port 6379', 'no effect without a role check over tcp'],
        'no effect beside a role check',
      ]);
    });

    it('says how the bytes of a check over tcp were read', () => {
      const bytes = { 'zen-lead.io/role-check-send': 'srvr\\n', 'zen-lead.io/role-check-expect': 'leader' };
      const source = annotated({ 'zen-lead.io/role-check': 'tcp://:2181', ...bytes });
      const { annotations, roleCheck } = toExplainDocument(aSnapshot({ source, candidates: [] }), NOW);
      expect(roleCheck?.check).toBe('tcp://:2181');
      expect(annotations.map(({ readAs }) => readAs)).toContain('sends 5 bytes');
      expect(annotations.map(({ readAs }) => readAs)).toContain('expects 6 bytes of a primary');
    });
  });
});
