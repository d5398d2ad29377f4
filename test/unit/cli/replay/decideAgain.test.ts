import { describe, expect, it } from 'vitest';
import { chooseEvents } from '../../../../cli/replay/chooseEvents.ts';
import { decideAgain, outcomeOf, type Replayed } from '../../../../cli/replay/decideAgain.ts';
import { createNews } from '../../../../cli/replay/news.ts';
import { listNotes, renderNotes, renderReconcile } from '../../../../cli/replay/renderReconcile.ts';
import { createTally } from '../../../../cli/replay/tally.ts';
import { parseLine } from '../../../../lib/recording/parseLine.ts';
import { type RecordedDelivery, type RecordedReconcile, toLine } from '../../../../lib/recording/recordedLine.ts';
import type { ServiceView, SliceView } from '../../../../lib/selection/snapshot.ts';
import { aDelivery, T0 } from '../../../support/objects/aDelivery.ts';
import { aCandidate, aSnapshot, aSource, revision, uid } from '../../../support/objects/anEvent.ts';

function aRecordedReconcile(delivery: RecordedDelivery): RecordedReconcile {
  const line = parseLine(toLine(delivery).trimEnd());
  if (line.kind !== 'reconcile') throw new Error('no reconcile');
  return line;
}

const replayed = (options: Parameters<typeof aDelivery>[0] = {}): Replayed =>
  decideAgain(aRecordedReconcile(aDelivery(options)));
const unpainted = (_format: unknown, text: string): string => text;
const nobody = aSnapshot({ candidates: [aCandidate({ ready: false })] });
const withTypo = aSnapshot({
  source: aSource({ annotations: { 'zen-lead.io/enabled': 'true', 'zen-lead.io/sticky': 'no' } }),
});

describe('a reconcile that is decided again', () => {
  it('a reconcile that is decided again comes out as recorded, by the same rules', () => {
    expect(replayed()).toMatchObject({ differs: false, today: { decision: 'elected', leader: { name: 'db-0' } } });
  });

  it.each([
    { name: 'another leader', reply: { leader: { name: 'db-9', uid: uid('other') } } },
    { name: 'nobody', reply: { leader: null } },
    { name: 'another reason', reply: { reason: 'Pinned' } },
    { name: 'another kind of decision', reply: { decision: 'kept' } },
    { name: 'another epoch', reply: { epoch: 1 } },
    { name: 'another leader before', reply: { previous: { name: 'db-9', uid: uid('other') } } },
  ] as const)('differs where the recording has $name', ({ reply }) => {
    expect(replayed({ reply }).differs).toBe(true);
  });

  it('a reconcile that is decided again is not compared where the recording does not hold the state or the answer', () => {
    expect(replayed({ reply: { basis: 'read' } })).toMatchObject({ today: null, differs: null });
    expect(decideAgain(aRecordedReconcile({ ...aDelivery(), reply: null, status: 0 })).differs).toBeNull();
  });
});

describe('the timeline', () => {
  const news = (reconciles: readonly Replayed[]): readonly boolean[] => {
    const isNews = createNews();
    return reconciles.map((reconcile) => isNews(reconcile));
  };

  it('leaves out what confirms the line before, for each Service by itself', () => {
    const other = replayed({ snapshot: aSnapshot({ name: 'other', source: aSource({ name: 'other' }) }) });
    expect(news([replayed(), replayed(), other, replayed(), replayed({ snapshot: nobody }), replayed()])).toEqual([
      true,
      false,
      true,
      false,
      true,
      true,
    ]);
  });

  it('shows a new warning, a failed delivery and a difference, even if the leader stays', () => {
    const failed = decideAgain(aRecordedReconcile({ ...aDelivery(), status: 503 }));
    const different = replayed({ reply: { epoch: 1 } });
    expect(news([replayed(), replayed({ snapshot: withTypo }), replayed(), failed, replayed(), different])).toEqual(
      Array(6).fill(true),
    );
  });

  it('shows which pod led before, and that a name has come back as another pod', () => {
    expect(renderReconcile(replayed(), unpainted)).toMatch(
      /^2026-11-20T10:00:00\.000Z {2}shop\/db +elected +FirstLeader +none -> db-0 +Pod db-0 modified$/,
    );
    const line = replayed({ reply: { basis: 'read', previous: { name: 'db-0', uid: uid('old') } } });
    expect(renderReconcile(line, unpainted)).toContain('db-0 -> db-0 (new uid)');
  });

  it('notes what a line alone does not say', () => {
    const notes = (reconcile: Replayed) => renderNotes(reconcile, unpainted).join('\n');
    expect(notes(replayed())).toBe('');
    expect(notes(replayed({ snapshot: withTypo }))).toContain('! InvalidAnnotation: zen-lead.io/sticky cannot be read');
    expect(notes(decideAgain(aRecordedReconcile({ ...aDelivery(), reply: null, status: 0 })))).toContain(
      '! delivery: no answer',
    );
    expect(notes(replayed({ reply: { epoch: 1 } }))).toContain('! recorded was: elected FirstLeader, leader db-0');
  });
});

/** db-0 leads this source. */
function aRecordSlice({ uid: sourceUid }: ServiceView): SliceView {
  const endpoint = { addresses: ['10.0.0.1'], ready: true, serving: true, terminating: false };
  const record = { 'leader-pod-name': 'db-0', 'leader-pod-uid': 'pod-0', epoch: '7', 'pods-revision': '1' };
  return {
    namespace: 'shop',
    name: 'db-leader-ipv4',
    uid: uid('slice'),
    resourceVersion: revision('5'),
    serviceName: 'db-leader',
    managedBy: 'zen-lead.io',
    annotations: Object.fromEntries(Object.entries(record).map(([key, value]) => [`zen-lead.io/${key}`, value])),
    owner: { kind: 'Service', name: 'db', uid: sourceUid },
    terminating: false,
    spec: { addressType: 'IPv4', endpoints: [endpoint], ports: [] },
  };
}

describe('a leader that is kept although it is not fit', () => {
  it('a leader that is kept although it is not fit is named in the notes, and is news', () => {
    const paused = aSource({ annotations: { 'zen-lead.io/enabled': 'true', 'zen-lead.io/paused': 'true' } });
    const whole = aSnapshot({ source: paused, slices: [aRecordSlice(paused)] });
    const broken = { ...whole, candidates: [aCandidate({ ready: false })] };
    const reconciles = [replayed({ snapshot: whole }), replayed({ snapshot: broken })];
    expect(reconciles.map(({ today }) => today?.reason)).toEqual(['Paused', 'Paused']);
    expect(reconciles.map(listNotes)).toEqual([[], ['db-0 leads, although it is not Ready']]);
    const isNews = createNews();
    expect(reconciles.map((reconcile) => isNews(reconcile))).toEqual([true, true]);
  });
});

describe('the choice of reconciles', () => {
  const reconcile = aRecordedReconcile(aDelivery());
  const isWanted = (wanted: Partial<Parameters<typeof chooseEvents>[0]>) =>
    chooseEvents({ services: [], from: undefined, until: undefined, ...wanted })(reconcile);

  it('takes everything, one Service, or a span of time with its beginning and without its end', () => {
    expect(isWanted({})).toBe(true);
    expect(isWanted({ services: ['shop/web', 'shop/db'] })).toBe(true);
    expect(isWanted({ services: ['shop/web'] })).toBe(false);
    expect(isWanted({ from: new Date(T0).toISOString() })).toBe(true);
    expect(isWanted({ from: new Date(T0 + 1).toISOString() })).toBe(false);
    expect(isWanted({ until: new Date(T0).toISOString() })).toBe(false);
    expect(isWanted({ until: '2026-11-20T11:00:00.001+01:00' })).toBe(true);
  });

  it.each([
    { wanted: { services: ['db'] }, says: '"db" does not name a Service; write NAMESPACE/SERVICE' },
    { wanted: { from: 'yesterday' }, says: '--from: "yesterday" is not a time' },
    { wanted: { until: '10:00' }, says: '--until: "10:00" is not a time' },
  ])('refuses what cannot be read: $says', ({ wanted, says }) => {
    expect(() => isWanted(wanted)).toThrowError(says);
  });
});

describe('the tally', () => {
  const nouns = { pass: 'reconcile', passes: 'reconciles', source: 'Service' };

  it('counts what there was', () => {
    const tally = createTally(nouns);
    for (const each of [replayed(), replayed({ snapshot: nobody, at: T0 + 5_000 }), replayed({ reply: { epoch: 1 } })])
      tally.add({
        key: 'default/db',
        at: each.reconcile.at,
        decision: outcomeOf(each)?.decision,
        isDecided: each.today !== null,
        differs: each.differs,
      });
    tally.addBroken();
    expect(tally.render()).toBe(
      '3 reconciles of 1 Service from 2026-11-20T10:00:00.000Z to 2026-11-20T10:00:05.000Z: 2 elected, 1 lost; 1 decided otherwise than recorded; 1 line could not be read',
    );
  });

  it('says that there was nothing', () => {
    expect(createTally(nouns).render()).toBe('no reconcile of any Service');
  });
});

describe('what a bridge has seen of a leader that is left', () => {
  const check = 'http://:8080/health';
  const source = aSource({ annotations: { 'zen-lead.io/enabled': 'true', 'zen-lead.io/health-check': check } });
  const since = Date.parse('2026-11-20T09:59:59Z');

  it('a note names the check that it fails, how and since when', () => {
    const passes = aCandidate({ name: 'db-1', uid: uid('pod-1'), health: { verdict: 'passing', since } });
    const fails = aCandidate({ health: { verdict: 'failing', since, detail: 'timeout' } });
    const snapshot = { ...aSnapshot({ source, slices: [aRecordSlice(source)] }), observer: 'bridge-0' };
    const left = replayed({ snapshot: { ...snapshot, candidates: [fails, passes] } });
    expect(left.today?.reason).toBe('LeaderUnhealthy');
    expect(listNotes(left)).toContain(`db-0 fails its check (timeout) since 2026-11-20T09:59:59.000Z: ${check}`);
  });

  it('a note names its node that is silent', () => {
    const other = aCandidate({ name: 'db-1', uid: uid('pod-1'), nodeName: 'node-b' });
    const gone = aCandidate({ nodeName: 'node-a', node: { verdict: 'silent', since } });
    const plain = aSource({});
    const snapshot = aSnapshot({ source: plain, slices: [aRecordSlice(plain)] });
    const left = replayed({ snapshot: { ...snapshot, candidates: [gone, other] } });
    expect(listNotes(left)).toContain('node node-a of db-0 is silent since 2026-11-20T09:59:59.000Z');
  });
});
