import { describe, expect, it } from 'vitest';
import { formatCarry, parseCarry } from '../../../../functions/reconcile/carry.ts';
import { admit, announcementDueAt, askedOf, note, noteAnnouncement } from '../../../../functions/reconcile/damping.ts';
import { formatLedger, type Ledger, noLedger, parseLedger } from '../../../../functions/reconcile/ledger.ts';
import { assess } from '../../../../lib/selection/assess.ts';
import type { Snapshot } from '../../../../lib/selection/snapshot.ts';
import type { Write } from '../../../../lib/selection/write.ts';
import { aLeaderService, aLeaderSlice } from '../../../support/objects/aSlice.ts';
import { aCandidate, aService, T0, version } from '../../../support/objects/builders.ts';

const uid = 'zen-lead.io/leader-pod-uid';

function aSnapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    namespace: 'shop',
    name: 'postgres',
    source: aService(),
    candidates: [aCandidate({ name: 'p-0' })],
    services: [aLeaderService()],
    slices: [aLeaderSlice({ pod: 'p-0' })],
    revisions: { pods: version(100), services: version(90), slices: version(95) },
    ...changes,
  };
}

/** A patch of the leader slice; `zone` is what is fought over. */
function aSliceWrite(pod: string, zone: string, resourceVersion = '1', epoch?: string): Write {
  const number = Number(pod.slice(-1));
  return {
    kind: 'patch',
    resource: 'endpointslices',
    stage: 'route',
    namespace: 'shop',
    name: 'postgres-leader-ipv4',
    uid: aLeaderSlice({ pod }).uid,
    resourceVersion: version(resourceVersion),
    patch: {
      metadata: {
        resourceVersion,
        annotations: {
          [uid]: pod,
          'zen-lead.io/pods-revision': resourceVersion,
          ...(epoch !== undefined && { 'zen-lead.io/epoch': epoch }),
        },
      },
      endpoints: [{ addresses: [`10.0.0.${number + 1}`], zone }],
      ports: [],
    },
  };
}

/** Writes whenever it may, for so long; resolves to the instants of the writes, from the start. */
function fight(write: (at: number) => Write, forMs: number, snapshot = aSnapshot()): readonly number[] {
  const written: number[] = [];
  let ledger: Ledger = noLedger;
  for (let now = T0; now <= T0 + forMs; now += 250) {
    const { writes } = admit(ledger, [write(now)], snapshot, now);
    ledger = parseLedger(formatLedger(note(ledger, writes, now)));
    if (writes.length > 0) written.push(now - T0);
  }
  return written;
}

describe('a write that does not stay', () => {
  it('an undone write goes out twice at once, then later and later, whatever version it is written on', () => {
    expect(fight((at) => aSliceWrite('p-0', 'a', String(at)), 20_000)).toEqual([0, 250, 1_250, 3_250, 7_250, 15_250]);
  });

  it('an undone write goes out every five minutes in the end', () => {
    const last = fight((at) => aSliceWrite('p-0', 'a', String(at)), 3_600_000).slice(-3);
    expect(last.map((at, index) => at - (last[index - 1] ?? at))).toEqual([0, 300_000, 300_000]);
  });

  it('an undone write goes out every ten seconds where the route is wrong, and where its object is missing', () => {
    const astray = aSnapshot({ slices: [aLeaderSlice({ pod: 'p-0', address: '10.9.9.9' })] });
    for (const snapshot of [astray, aSnapshot({ slices: [] })]) {
      const last = fight((at) => aSliceWrite('p-0', 'a', String(at)), 120_000, snapshot).slice(-2);
      expect((last[1] ?? 0) - (last[0] ?? 0)).toBe(10_000);
    }
  });

  it('damping begins again after a write has stood for a minute', () => {
    let ledger = note(note(noLedger, [aSliceWrite('p-0', 'a')], T0), [aSliceWrite('p-0', 'a')], T0);
    expect(admit(ledger, [aSliceWrite('p-0', 'a')], aSnapshot(), T0 + 500).heldBack).toHaveLength(1);
    ledger = note(ledger, [], T0 + 62_000);
    expect(admit(ledger, [aSliceWrite('p-0', 'a')], aSnapshot(), T0 + 62_000).heldBack).toEqual([]);
    expect(formatLedger(ledger)).toBe('');
  });
});

it('damping never holds back another leader, another field or another object', () => {
  const fought = aSliceWrite('p-0', 'a');
  const ledger = note(note(noLedger, [fought], T0), [fought], T0);
  const other: Write = { ...aSliceWrite('p-0', 'a'), name: 'postgres-leader-ipv6' };
  for (const write of [aSliceWrite('p-1', 'a'), aSliceWrite('p-0', 'b'), other])
    expect(admit(ledger, [fought, write], aSnapshot(), T0).writes).toEqual(
      write.name === fought.name ? [fought, write] : [write],
    );
});

it('damping holds back the second family with the record that it follows, and no slice of followers', () => {
  const [primary, follower] = [aSliceWrite('p-0', 'a'), aSliceWrite('p-1', 'a')];
  const ledger = note(note(noLedger, [primary], T0), [primary], T0);
  const secondary: Write = {
    ...primary,
    name: 'postgres-leader-ipv6',
    patch: { metadata: { annotations: { 'zen-lead.io/epoch': '8' } }, endpoints: [], ports: [] },
  } as Write;
  const followers = { ...follower, name: 'postgres-followers-ipv4', patch: { endpoints: [], ports: [] } } as Write;
  expect(admit(ledger, [primary, secondary, followers], aSnapshot(), T0).writes).toEqual([followers]);
  expect(admit(noLedger, [primary, secondary], aSnapshot(), T0).writes).toEqual([primary, secondary]);
  // The record moved from it to the slice of the other family, with the source's primary family.
  const annotations = { 'zen-lead.io/epoch': '8', 'zen-lead.io/pods-revision': null };
  const formerRecord = { ...secondary, patch: { metadata: { annotations }, endpoints: [], ports: [] } } as Write;
  expect(admit(ledger, [primary, formerRecord, followers], aSnapshot(), T0).writes).toEqual([followers]);
  // Nor is it lost with a slice that is no longer wanted.
  const unwanted = { metadata: { annotations: { 'zen-lead.io/pods-revision': null } }, endpoints: [] };
  const emptied = { ...secondary, patch: unwanted } as Write;
  expect(admit(ledger, [primary, emptied, followers], aSnapshot(), T0).writes).toEqual([followers]);
});

it('damping does not take a decision on the events of another replica for one that others undid', () => {
  const written = aSliceWrite('p-0', 'a', '1', '7');
  const ledger = parseLedger(formatLedger(note(note(noLedger, [written], T0), [written], T0)));
  const heldWhere = (epoch: string): number => {
    const slice = aLeaderSlice({ pod: 'p-1' });
    const slices = [{ ...slice, annotations: { ...slice.annotations, 'zen-lead.io/epoch': epoch } }];
    return admit(ledger, [aSliceWrite('p-0', 'a', '1', '9')], aSnapshot({ slices }), T0 + 100).heldBack.length;
  };
  expect([heldWhere('8'), heldWhere('7')]).toEqual([0, 1]);
});

it('damping does not hold back the second family after an election on the events of another replica', () => {
  const ofSecond = (epoch: string): Write => {
    const write = aSliceWrite('p-0', 'a', '1', epoch);
    return { ...write, patch: { metadata: { annotations: { 'zen-lead.io/epoch': epoch } }, endpoints: [] } } as Write;
  };
  const ledger = note(note(noLedger, [ofSecond('7')], T0), [ofSecond('7')], T0);
  const { 'zen-lead.io/leader-pod-uid': _, ...annotations } = aLeaderSlice({ pod: 'p-1' }).annotations;
  const slices = [{ ...aLeaderSlice({ pod: 'p-1' }), annotations: { ...annotations, 'zen-lead.io/epoch': '8' } }];
  expect(admit(ledger, [ofSecond('9')], aSnapshot({ slices }), T0 + 100).heldBack).toEqual([]);
});

it('damping says when the first of what it holds back may be written', () => {
  const fought = aSliceWrite('p-0', 'a');
  const ledger = note(note(noLedger, [fought], T0), [fought], T0);
  expect(admit(ledger, [fought], aSnapshot(), T0 + 100)).toEqual({
    writes: [],
    heldBack: [{ resource: 'endpointslices', name: 'postgres-leader-ipv4', writes: 2, isRouteWrong: false }],
    dueAt: T0 + 1_000,
  });
});

it('damping counts each new making of a leader Service as the same write', () => {
  const source = aService({}, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' });
  const wanted = (n: number): readonly Write[] => {
    const flipped = aLeaderService('postgres', { ipFamilies: ['IPv6', 'IPv4'], resourceVersion: version(n) });
    return assess(aSnapshot({ source, services: [flipped] }), T0).writes.filter(
      ({ name }) => name === 'postgres-leader',
    );
  };
  expect(wanted(1).map(({ kind }) => kind)).toEqual(['delete', 'create']);
  let ledger = note(noLedger, wanted(1), T0);
  ledger = note(ledger, wanted(2), T0);
  expect(admit(ledger, wanted(3), aSnapshot({ source }), T0).writes).toEqual([]);
});

it('damping counts each wish for a leader Service by itself, where two of them take turns', () => {
  const { uid: serviceUid, name } = aLeaderService();
  const target = { stage: 'route', resource: 'services', namespace: 'shop', name } as const;
  const made: Write = { ...target, kind: 'create', object: { spec: { ipFamilies: ['IPv4'] } } };
  const repair = { spec: { ipFamilyPolicy: 'SingleStack' } };
  const repaired: Write = { ...target, kind: 'patch', uid: serviceUid, resourceVersion: version(1), patch: repair };
  const isRepair = (at: number): boolean => (at - T0) % 500 === 0;
  expect(fight((at) => (isRepair(at) ? repaired : made), 20_000).length).toBeLessThan(15);
});

it('damping counts a leader Service that another client made in between as what was to be made', () => {
  const { uid: serviceUid, name } = aLeaderService();
  const target = { stage: 'route', resource: 'services', namespace: 'shop', name } as const;
  const gone: Write = { ...target, kind: 'delete', uid: serviceUid, resourceVersion: version(1) };
  const made: Write = { ...target, kind: 'create', object: { spec: { ipFamilies: ['IPv4'] } } };
  let ledger: Ledger = noLedger;
  for (const written of [[gone, made], [gone], [gone, made]])
    ledger = note(ledger, askedOf(written, [gone, made, aSliceWrite('p-0', 'a')]), T0);
  expect(admit(ledger, [gone, made], aSnapshot(), T0 + 1_999).heldBack).toMatchObject([{ name, writes: 3 }]);
});

it('damping puts off an announcement whose record does not stay, and no other', () => {
  const said = [7, 'uid-p-0'];
  const once = noteAnnouncement(noLedger, said, T0);
  expect(announcementDueAt(once, said, T0)).toBeNull();
  const twice = noteAnnouncement(once, said, T0);
  expect(announcementDueAt(twice, said, T0)).toBe(T0 + 1_000);
  expect(announcementDueAt(twice, [8, 'uid-p-1'], T0)).toBeNull();
});

describe('the carry', () => {
  it('the carry holds both what is owed and what was written, within its bound', () => {
    let ledger: Ledger = noLedger;
    for (let index = 0; index < 100; index++)
      ledger = note(ledger, [{ ...aSliceWrite('p-0', 'a'), name: `slice-${index}` }], T0 + index);
    const text = formatCarry({ warnings: 'warnings-owed', ledger }, 0) ?? '';
    expect(text.length).toBeLessThan(3_300);
    const read = parseCarry(text, 0);
    expect(read.warnings).toBe('warnings-owed');
    expect(read.ledger.size).toBe(64);
    const newest: Write = { ...aSliceWrite('p-0', 'a'), name: 'slice-99' };
    const again = note(read.ledger, [newest], T0 + 150);
    expect(admit(again, [newest], aSnapshot(), T0 + 150).heldBack).toHaveLength(1);
  });

  it('the carry has room for all slices of the largest pool, in both families', () => {
    const slices = ['ipv4', 'ipv6'].flatMap((family) =>
      Array.from(
        { length: 16 },
        (_, slot): Write => ({ ...aSliceWrite('p-0', 'a'), name: `db-leader-${slot}-${family}` }),
      ),
    );
    const carried = (before: Ledger, now: number): Ledger =>
      parseCarry(formatCarry({ warnings: 'warnings-owed', ledger: note(before, slices, now) }, 0), 0).ledger;
    const twice = carried(carried(noLedger, T0), T0);
    expect(admit(twice, slices, aSnapshot(), T0).heldBack).toHaveLength(32);
  });

  it('the carry stays as it was where nothing was written', () => {
    expect(formatCarry({ warnings: 'warnings-owed', ledger: noLedger }, 0)).toBe('warnings-owed');
    expect(formatCarry({ warnings: undefined, ledger: noLedger }, 0)).toBeUndefined();
  });

  it.each(['', ';', ';;', 'x;y z', `;${'1 '.repeat(400)}`, ';aaaaaaaa bbbbbbbb 1 -5'])(
    'parseCarry reads %j as no ledger',
    (text) => {
      expect(parseCarry(text, 0).ledger.size).toBe(0);
    },
  );

  it('the carry takes no instant in the future, whose clock was wrong', () => {
    const ledger = note(
      note(noLedger, [aSliceWrite('p-0', 'a')], T0 + 3_600_000),
      [aSliceWrite('p-0', 'a')],
      T0 + 3_600_000,
    );
    expect(note(ledger, [], T0).size).toBe(0);
  });
});
