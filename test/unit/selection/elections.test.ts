/**
 * Tests several elections for one Service, and pools, as the rules decide them: by stories on an
 * API without time, and by properties.
 */

import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { electionsOf, viewOf, viewsOf } from '../../../lib/selection/elections/electionsOf.ts';
import { explain } from '../../../lib/selection/explain.ts';
import { parseEpoch } from '../../../lib/selection/record.ts';
import { aPod, aService, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

let world: World;
let now: number;

beforeEach(() => {
  world = new World();
  now = T0;
  for (let i = 0; i < 4; i++) world.setPod(aPod({ name: `pg-${i}` }));
});

/** Until no rule wants another write. */
function settle(): void {
  for (let i = 0; i < 12; i++) if (world.reconcile(++now).writes.length === 0) return;
  throw new Error('the rules never come to an end');
}

function ask(annotations: Readonly<Record<string, string>>): void {
  world.setSource(aService(annotations));
}

/** Who is routed to, by slice. */
function routes(): Record<string, string | null> {
  return Object.fromEntries(
    world
      .slices()
      .map(({ name, spec }) => [name, spec?.endpoints[0]?.targetRef?.name ?? null] as const)
      .toSorted(([a], [b]) => a.localeCompare(b)),
  );
}

function prefixed(election: string, annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [`${election}.zen-lead.io/${key}`, value]),
  );
}

/** Annotations of one election, which have a prefix before that of zen-lead. */
function askWith(annotations: Record<string, string>, own: Record<string, string>): void {
  const source = aService(annotations);
  world.setSource({ ...source, annotations: { ...source.annotations, ...own } });
}

const servicesOf = (): string[] =>
  world
    .services()
    .map(({ name }) => name)
    .toSorted();

describe('several elections', () => {
  it('makes a leader Service and a slice for each, with the election as a label', () => {
    ask({ elections: 'writer, cron' });
    settle();
    expect(servicesOf()).toEqual(['postgres-cron', 'postgres-writer']);
    expect(Object.keys(routes())).toEqual(['postgres-cron-ipv4', 'postgres-writer-ipv4']);
    expect(world.service('postgres-writer')?.labels['zen-lead.io/election']).toBe('writer');
    expect(world.slice('postgres-cron-ipv4')).toMatchObject({ election: 'cron', serviceName: 'postgres-cron' });
    expect(world.slice('postgres-cron-ipv4')?.slot).toBeUndefined();
  });

  it('prefers for each a pod that leads no other', () => {
    ask({ elections: 'writer, cron' });
    settle();
    expect(routes()).toEqual({ 'postgres-cron-ipv4': 'pg-1', 'postgres-writer-ipv4': 'pg-0' });
  });

  it('lets one pod lead both where there is no other, and with spread none', () => {
    for (const name of ['pg-1', 'pg-2', 'pg-3']) world.deletePod(name);
    ask({ elections: 'writer, cron' });
    settle();
    expect(routes()).toEqual({ 'postgres-cron-ipv4': 'pg-0', 'postgres-writer-ipv4': 'pg-0' });
    world.setPod(aPod({ name: 'pg-1' }));
    settle();
    expect(routes()['postgres-cron-ipv4']).toBe('pg-0');
  });

  it.each(['random', 'weighted'])('draws for each election by itself with strategy %s', (strategy) => {
    ask({ elections: 'a, b, c, d, e, f', spread: 'none', strategy });
    settle();
    expect(new Set(Object.values(routes())).size).toBeGreaterThan(1);
  });

  it('elects no pod twice with spread require, and says why there is none', () => {
    for (const name of ['pg-1', 'pg-2', 'pg-3']) world.deletePod(name);
    ask({ elections: 'writer, cron', spread: 'require' });
    settle();
    expect(routes()).toEqual({ 'postgres-cron-ipv4': null, 'postgres-writer-ipv4': 'pg-0' });
    const cron = assess(world.snapshot(), now).elections?.[1]?.decision;
    expect(cron).toMatchObject({ kind: 'lost', reason: 'NoFreePod', leader: null });
    world.setPod(aPod({ name: 'pg-1' }));
    settle();
    expect(routes()).toEqual({ 'postgres-cron-ipv4': 'pg-1', 'postgres-writer-ipv4': 'pg-0' });
  });

  it('reads the settings of one under its prefix, and else those of the Service', () => {
    askWith(
      { elections: 'writer, cron', strategy: 'newest', spread: 'none' },
      prefixed('cron', { strategy: 'oldest' }),
    );
    settle();
    expect(routes()).toEqual({ 'postgres-cron-ipv4': 'pg-0', 'postgres-writer-ipv4': 'pg-3' });
  });

  it('pins the leader of one and leaves the others', () => {
    ask({ elections: 'writer, cron' });
    settle();
    askWith({ elections: 'writer, cron' }, prefixed('cron', { 'pin-leader': 'pg-3' }));
    settle();
    expect(routes()).toEqual({ 'postgres-cron-ipv4': 'pg-3', 'postgres-writer-ipv4': 'pg-0' });
  });

  it('ignores a name without prefix beside elections, and warns', () => {
    ask({ elections: 'writer, cron', 'leader-service-name': 'db', followers: 'readers' });
    settle();
    expect(servicesOf()).toEqual(['postgres-cron', 'postgres-writer']);
    const { decision } = assess(world.snapshot(), now);
    expect(decision.warnings.map(({ value }) => value)).toEqual([
      'zen-lead.io/followers=readers',
      'zen-lead.io/leader-service-name=db',
    ]);
  });

  it('gives an election another name under its prefix', () => {
    askWith({ elections: 'writer, cron' }, prefixed('writer', { 'leader-service-name': 'db', followers: 'true' }));
    settle();
    expect(servicesOf()).toEqual(['db', 'postgres-cron', 'postgres-writer-followers']);
    expect(world.service('postgres-writer-followers')?.labels['zen-lead.io/election']).toBe('writer');
  });

  it('names the annotation as it was written where it cannot be read', () => {
    askWith({ elections: 'writer, cron' }, prefixed('cron', { strategy: 'youngest' }));
    settle();
    const [writer, cron] = assess(world.snapshot(), now).elections ?? [];
    expect(writer?.decision.warnings).toEqual([]);
    expect(cron?.decision.warnings.map(({ value }) => value)).toEqual(['cron.zen-lead.io/strategy=youngest']);
  });

  it.each([
    ['a misspelt election', 'writter.zen-lead.io/strategy', 'has no election "writter"'],
    ['a check under a prefix', 'writer.zen-lead.io/health-check', 'whole Service'],
  ])('warns of %s', (_, key, why) => {
    askWith({ elections: 'writer, cron' }, { [key]: 'oldest' });
    const { decision } = assess(world.snapshot(), now);
    expect(decision.warnings.map(({ message }) => message)).toEqual([expect.stringContaining(why)]);
  });

  it('leaves nothing of an election that is taken out of the list, and goes back to one', () => {
    ask({ elections: 'writer, cron' });
    settle();
    const epoch = parseEpoch(world.slice('postgres-writer-ipv4')?.annotations['zen-lead.io/epoch']);
    ask({ elections: 'writer' });
    settle();
    expect(servicesOf()).toEqual(['postgres-writer']);
    expect(routes()).toEqual({ 'postgres-writer-ipv4': 'pg-0' });
    expect(parseEpoch(world.slice('postgres-writer-ipv4')?.annotations['zen-lead.io/epoch'])).toBe(epoch);
    ask({});
    settle();
    expect(servicesOf()).toEqual(['postgres-leader']);
    expect(routes()).toEqual({ 'postgres-leader-ipv4': 'pg-0' });
    expect(electionsOf(world.snapshot())).toBeNull();
  });

  it('lets one of them take over the leader Service that there was', () => {
    ask({});
    settle();
    const before = world.slice('postgres-leader-ipv4')?.annotations;
    askWith({ elections: 'cron, writer' }, prefixed('writer', { 'leader-service-name': 'postgres-leader' }));
    settle();
    const { annotations, election } = world.slice('postgres-leader-ipv4') ?? {};
    expect([election, annotations?.['zen-lead.io/epoch']]).toEqual(['writer', before?.['zen-lead.io/epoch']]);
    expect(routes()).toEqual({ 'postgres-cron-ipv4': 'pg-1', 'postgres-leader-ipv4': 'pg-0' });
  });

  it('removes all of them after opt-out', () => {
    ask({ elections: 'writer, cron' });
    settle();
    ask({ elections: 'writer, cron', enabled: 'false' });
    settle();
    expect([servicesOf(), routes()]).toEqual([[], {}]);
  });

  it('keeps what there is while the list cannot be read', () => {
    ask({ elections: 'writer, cron' });
    settle();
    const before = [servicesOf(), routes()];
    ask({ elections: 'Writer!' });
    settle();
    expect([servicesOf(), routes()]).toEqual(before);
    expect(assess(world.snapshot(), now).decision.warnings).toEqual([
      expect.objectContaining({ reason: 'InvalidAnnotation', value: 'zen-lead.io/elections=Writer!' }),
    ]);
  });

  it('makes nothing again while the list cannot be read, because another owner may have the name', () => {
    ask({ elections: 'writer, cron' });
    settle();
    ask({ elections: 'Writer!' });
    world.remove('services', 'postgres-writer');
    expect(assess(world.snapshot(), now).writes).toEqual([]);
    ask({ elections: 'writer, cron' });
    expect(assess(world.snapshot(), now).writes).toMatchObject([{ kind: 'create', name: 'postgres-writer' }]);
  });

  it.each([
    ['the primary family', {}, { ipFamilies: ['IPv6'] as const }],
    ['the name', prefixed('writer', { 'leader-service-name': 'main' }), {}],
  ])('keeps what it would have to make in another form while the list cannot be read: %s', (_, own, spec) => {
    ask({ elections: 'writer, cron' });
    settle();
    const before = [servicesOf(), routes()];
    const source = aService({ elections: 'Writer!' }, spec);
    world.setSource({ ...source, annotations: { ...source.annotations, ...own } });
    settle();
    expect([servicesOf(), routes()]).toEqual(before);
  });

  it('moves the leader of each election by itself, with an epoch of its own', () => {
    ask({ elections: 'writer, cron' });
    settle();
    const cron = world.slice('postgres-cron-ipv4');
    const writerEpoch = parseEpoch(world.slice('postgres-writer-ipv4')?.annotations['zen-lead.io/epoch']);
    world.deletePod('pg-0');
    settle();
    expect(routes()).toEqual({ 'postgres-cron-ipv4': 'pg-1', 'postgres-writer-ipv4': 'pg-2' });
    expect(world.slice('postgres-cron-ipv4')).toEqual(cron);
    expect(parseEpoch(world.slice('postgres-writer-ipv4')?.annotations['zen-lead.io/epoch'])).toBe(
      (writerEpoch ?? 0) + 1,
    );
  });

  it('leaves a pod that another election has ended, without a grace of its own', () => {
    ask({ elections: 'writer, cron', spread: 'none', 'on-demote': 'evict' });
    settle();
    expect(routes()).toEqual({ 'postgres-cron-ipv4': 'pg-0', 'postgres-writer-ipv4': 'pg-0' });
    askWith(
      { elections: 'writer, cron', spread: 'none', 'on-demote': 'evict' },
      prefixed('cron', { 'failover-min-delay': '1h' }),
    );
    world.changePod('pg-0', { ready: false, readyChangedAt: now });
    settle();
    expect(routes()).toEqual({ 'postgres-cron-ipv4': 'pg-1', 'postgres-writer-ipv4': 'pg-1' });
    expect(world.slice('postgres-cron-ipv4')?.annotations['zen-lead.io/reason']).toBe('LeaderTerminating');
  });

  it('refuses the name of another election, and leaves that one alone', () => {
    askWith({ elections: 'writer, cron' }, prefixed('cron', { 'leader-service-name': 'postgres-writer' }));
    settle();
    expect(routes()).toEqual({ 'postgres-writer-ipv4': 'pg-0' });
    expect(assess(world.snapshot(), now).elections?.[1]?.decision).toMatchObject({ reason: 'NameConflict' });
  });

  it('takes a Service and slice over that lost their labels', () => {
    ask({ elections: 'writer, cron' });
    settle();
    const before = world.slice('postgres-cron-ipv4')?.annotations;
    world.edit('endpointslices', 'postgres-cron-ipv4', { metadata: { labels: { 'zen-lead.io/election': null } } });
    world.edit('services', 'postgres-cron', { metadata: { labels: { 'zen-lead.io/election': null } } });
    settle();
    expect(world.slice('postgres-cron-ipv4')).toMatchObject({ election: 'cron' });
    expect(world.service('postgres-cron')?.labels['zen-lead.io/election']).toBe('cron');
    expect(world.slice('postgres-cron-ipv4')?.annotations['zen-lead.io/epoch']).toBe(before?.['zen-lead.io/epoch']);
  });
});

describe('a pool', () => {
  it('elects as many pods as are asked for, in one leader Service', () => {
    ask({ active: '3' });
    settle();
    expect(servicesOf()).toEqual(['postgres-leader']);
    expect(routes()).toEqual({
      'postgres-leader-1-ipv4': 'pg-1',
      'postgres-leader-2-ipv4': 'pg-2',
      'postgres-leader-ipv4': 'pg-0',
    });
    expect(world.slices().map(({ serviceName }) => serviceName)).toEqual(Array(3).fill('postgres-leader'));
    expect(world.slice('postgres-leader-2-ipv4')?.slot).toBe(2);
  });

  it('moves one slot after a loss', () => {
    ask({ active: '3' });
    settle();
    world.changePod('pg-1', { ready: false });
    settle();
    expect(routes()).toEqual({
      'postgres-leader-1-ipv4': 'pg-3',
      'postgres-leader-2-ipv4': 'pg-2',
      'postgres-leader-ipv4': 'pg-0',
    });
  });

  it('leaves the high slots empty where there are fewer pods', () => {
    world.deletePod('pg-2');
    world.deletePod('pg-3');
    ask({ active: '3' });
    settle();
    expect(routes()).toEqual({
      'postgres-leader-1-ipv4': 'pg-1',
      'postgres-leader-2-ipv4': null,
      'postgres-leader-ipv4': 'pg-0',
    });
  });

  it('shrinks from above, and back to one leaves one slice', () => {
    ask({ active: '3' });
    settle();
    ask({ active: '2' });
    settle();
    expect(routes()).toEqual({ 'postgres-leader-1-ipv4': 'pg-1', 'postgres-leader-ipv4': 'pg-0' });
    ask({});
    settle();
    expect(routes()).toEqual({ 'postgres-leader-ipv4': 'pg-0' });
    expect(servicesOf()).toEqual(['postgres-leader']);
  });

  it('keeps a leader that there was before it became a pool', () => {
    ask({});
    settle();
    const before = world.slice('postgres-leader-ipv4');
    ask({ active: '2' });
    settle();
    expect(world.slice('postgres-leader-ipv4')).toEqual(before);
    expect(routes()).toEqual({ 'postgres-leader-1-ipv4': 'pg-1', 'postgres-leader-ipv4': 'pg-0' });
  });

  it('takes a pod out of the higher of two slots that have it', () => {
    ask({ active: '2' });
    settle();
    const { metadata, endpoints } = world.objects.endpointslices.get('postgres-leader-ipv4') as {
      metadata: { annotations: Record<string, string> };
      endpoints: unknown;
    };
    const { 'zen-lead.io/leader-pod-name': name, 'zen-lead.io/leader-pod-uid': uid } = metadata.annotations;
    const annotations = { 'zen-lead.io/leader-pod-name': name, 'zen-lead.io/leader-pod-uid': uid };
    world.edit('endpointslices', 'postgres-leader-1-ipv4', { metadata: { annotations }, endpoints });
    expect(routes()).toEqual({ 'postgres-leader-1-ipv4': 'pg-0', 'postgres-leader-ipv4': 'pg-0' });
    expect(assess(world.snapshot(), now).elections?.[1]?.decision.reason).toBe('LeaderShared');
    settle();
    expect(routes()).toEqual({ 'postgres-leader-1-ipv4': 'pg-1', 'postgres-leader-ipv4': 'pg-0' });
  });

  it('pins a pod to one slot', () => {
    ask({ active: '2' });
    settle();
    ask({ active: '2', 'pin-leader': 'pg-3@1' });
    settle();
    expect(routes()).toEqual({ 'postgres-leader-1-ipv4': 'pg-3', 'postgres-leader-ipv4': 'pg-0' });
    ask({ active: '2', 'pin-leader': 'pg-2' });
    settle();
    expect(routes()).toEqual({ 'postgres-leader-1-ipv4': 'pg-3', 'postgres-leader-ipv4': 'pg-2' });
  });

  it('lets followers be the pods that lead no slot', () => {
    ask({ active: '2', followers: 'true' });
    settle();
    const followers = world.slice('postgres-followers-ipv4')?.spec?.endpoints.map(({ targetRef }) => targetRef?.name);
    expect(followers).toEqual(['pg-2', 'pg-3']);
  });

  it('explains the slots by their own view', () => {
    ask({ active: '2' });
    settle();
    const view = viewOf(world.snapshot(), { election: '', slot: 1 });
    if (view === undefined) throw new Error('no slot 1');
    const standings = explain(view, now).pods.map(({ pod, standing }) => [pod.name, standing]);
    expect(standings).toEqual([
      ['pg-0', { kind: 'unfit', why: 'taken' }],
      ['pg-1', { kind: 'leader' }],
      ['pg-2', { kind: 'eligible' }],
      ['pg-3', { kind: 'eligible' }],
    ]);
    expect(viewOf(world.snapshot(), { election: 'x', slot: 0 })).toBeUndefined();
  });

  it('refuses a slice name that another election wants', () => {
    askWith({ elections: 'gw, gw-1' }, prefixed('gw', { active: '2' }));
    settle();
    const routed = routes();
    expect(Object.keys(routed)).toEqual(['postgres-gw-1-ipv4', 'postgres-gw-ipv4']);
    expect(assess(world.snapshot(), now).elections?.map(({ decision }) => decision.reason)).toEqual([
      'LeaderFit',
      'LeaderFit',
      'NameConflict',
    ]);
  });
});

describe('one Service with one election', () => {
  it('is its own view', () => {
    ask({ strategy: 'newest' });
    settle();
    const snapshot = world.snapshot();
    expect(electionsOf(snapshot)).toBeNull();
    expect(viewsOf(snapshot)).toEqual([snapshot]);
    expect(viewsOf(snapshot)[0]).toBe(snapshot);
  });
});

const someSettings = fc.record(
  {
    strategy: fc.constantFrom('oldest', 'newest', 'random', 'weighted'),
    sticky: fc.constantFrom('true', 'false'),
    'pin-leader': fc.constantFrom('pg-1', 'pg-3'),
    'no-leader': fc.constantFrom('clear', 'hold'),
    paused: fc.constantFrom('false', 'true'),
    active: fc.constantFrom('1', '2'),
  },
  { requiredKeys: [] },
);

describe('properties', () => {
  it('decides of one election the same, whatever the settings of another', () => {
    fc.assert(
      fc.property(someSettings, someSettings, someSettings, (writer, cron, other) => {
        const leaders = [cron, other].map((second) => {
          world = new World();
          now = T0;
          for (let i = 0; i < 4; i++) world.setPod(aPod({ name: `pg-${i}` }));
          askWith(
            { elections: 'cron, writer', spread: 'none' },
            { ...prefixed('writer', writer), ...prefixed('cron', second) },
          );
          settle();
          return Object.entries(routes()).filter(([name]) => name.startsWith('postgres-writer'));
        });
        expect(leaders[0]).toEqual(leaders[1]);
      }),
      { numRuns: 60 },
    );
  });

  it('S14: has no pod in two slots of a pool, whatever becomes of the pods', () => {
    const change = fc.record({
      pod: fc.integer({ min: 0, max: 5 }),
      ready: fc.boolean(),
      isThere: fc.constantFrom(true, true, true, false),
    });
    fc.assert(
      fc.property(fc.constantFrom('2', '3', '5'), fc.array(change, { maxLength: 12 }), (active, changes) => {
        world = new World();
        now = T0;
        ask({ active, sticky: 'false' });
        for (const { pod, ready, isThere } of changes) {
          const name = `pg-${pod}`;
          if (isThere) world.setPod(aPod({ name, ready }));
          else world.deletePod(name);
          let writes = 1;
          while (writes > 0) {
            writes = world.reconcile(++now).writes.length;
            const led = Object.values(routes()).filter((each) => each !== null);
            expect(new Set(led).size).toBe(led.length);
          }
        }
        const ready = [...world.pods.values()].filter((each) => each.ready).length;
        const led = Object.values(routes()).filter((each) => each !== null);
        expect(led).toHaveLength(changes.length === 0 ? 0 : Math.min(Number(active), ready));
      }),
      { numRuns: 25 },
    );
  });
});
