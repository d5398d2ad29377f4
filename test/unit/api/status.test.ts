import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type LeaderStatus, leaderStatusSchema, toLeaderStatus } from '../../../api/leaderStatus.ts';
import { openApi } from '../../../api/openApi.ts';
import { createStatusFeed, type SourceName, type StatusChange, type StatusFeed } from '../../../api/statusFeed.ts';
import { heading, stateOf, toRow, wideHeading } from '../../../cli/status/statusRow.ts';
import { buildSnapshot } from '../../../lib/selection/buildSnapshot.ts';
import { reasons } from '../../../lib/selection/decision.ts';
import type { PodObservation } from '../../../lib/selection/observation.ts';
import { planVerdict } from '../../../lib/selection/planVerdict.ts';
import { reasonText } from '../../../lib/selection/reasonText.ts';
import { judgedCheck } from '../../../lib/selection/roleCheck.ts';
import { aLeaderStore } from '../../support/objects/aLeaderStore.ts';
import { aPod, aService, observed, T0, version } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

const revisions = { pods: version(1), services: version(1), slices: version(1) };
const NOW = Date.UTC(2026, 0, 1, 1);

function aStatus(changes: Partial<LeaderStatus> = {}): LeaderStatus {
  const snapshot = buildSnapshot({
    namespace: 'shop',
    name: 'postgres',
    source: aService(),
    pods: [aPod({ name: 'postgres-0' }), aPod({ name: 'postgres-1', ready: false })],
    services: [],
    slices: [],
    revisions,
  });
  return { ...toLeaderStatus(snapshot, NOW), ...changes };
}

const leader = { name: 'postgres-0', uid: 'u', node: null, zone: null, address: '10.0.0.1' };

const aFailure: LeaderStatus['healthCheck'] = {
  ...{ check: 'tcp://:5432', observer: 'bridge-0', leader: 'failing', since: '2026-01-01T00:00:00.000Z' },
  ...{ detail: 'timeout', passing: 0, failing: 1 },
};

describe('a status', () => {
  it('says what the health check sees of the leader, and of how many pods', () => {
    const world = new World();
    world.setSource(aService({ 'health-check': 'tcp://:5432' }));
    for (const name of ['postgres-0', 'postgres-1', 'postgres-2']) world.setPod(aPod({ name }));
    world.reconcile(T0);
    const healthOf = () => {
      const status = toLeaderStatus(world.snapshot(), NOW);
      expect(leaderStatusSchema.parse(status)).toEqual(status);
      return status.healthCheck;
    };
    const unknown = { observer: null, leader: null, since: null, detail: null, passing: 0, failing: 0 };
    expect(healthOf()).toEqual({ check: 'tcp://:5432', ...unknown });
    const failure = { verdict: 'failing', since: T0, detail: 'timeout' } as const;
    world.observations = observed({ 'postgres-0': failure, 'postgres-1': failure });
    expect(healthOf()).toEqual({ ...aFailure, failing: 2 });
    expect(aStatus().healthCheck).toBeNull();
  });

  it('names the pods that are excluded from leading', () => {
    const snapshot = buildSnapshot({
      ...{ namespace: 'shop', name: 'postgres', source: aService(), services: [], slices: [], revisions },
      pods: [
        aPod({ name: 'postgres-1', exclude: 'true' }),
        aPod({ name: 'postgres-0', exclude: 'true' }),
        aPod({ name: 'postgres-2' }),
      ],
    });
    expect(toLeaderStatus(snapshot, NOW).excluded).toEqual(['postgres-0', 'postgres-1']);
  });

  it('says what callers from outside say of pods, until that ends', () => {
    const world = new World();
    world.setSource(aService());
    world.setPod(aPod({ name: 'postgres-0' }));
    world.reconcile(NOW);
    const about = { pod: 'postgres-0', fit: false, forSeconds: 60, reason: 'disk full' };
    const plan = planVerdict(world.snapshot(), about, 'jane', NOW);
    if (plan.kind === 'write') world.apply(plan.write);
    const status = toLeaderStatus(world.snapshot(), NOW);
    expect(leaderStatusSchema.parse(status)).toEqual(status);
    const until = new Date(NOW + 60_000).toISOString();
    expect(status.verdicts).toEqual([{ pod: 'postgres-0', fit: false, by: 'jane', reason: 'disk full', until }]);
    expect(stateOf(status)).toContain('is reported unfit');
    expect(toLeaderStatus(world.snapshot(), NOW + 60_000).verdicts).toEqual([]);
  });

  it('says what the leader says of its role, and which pods are the primary', () => {
    const world = new World();
    world.setSource(aService({ 'role-check': 'tcp://:5432', 'role-check-expect': 'x' }));
    const check = judgedCheck(world.snapshot().source?.annotations ?? {}) ?? '';
    for (const name of ['postgres-0', 'postgres-1']) world.setPod(aPod({ name }));
    const say = (...pods: readonly Partial<PodObservation>[]) => {
      world.observations = observed(Object.fromEntries(pods.map((pod, i) => [`postgres-${i}`, { check, ...pod }])));
      const status = toLeaderStatus(world.snapshot(), NOW);
      expect(leaderStatusSchema.parse(status)).toEqual(status);
      return status;
    };
    expect(say().roleCheck).toMatchObject({ check: 'tcp://:5432', observer: null, leader: null, primaries: [] });
    say({ role: 'primary' });
    world.reconcile(T0);
    const other = say({ role: 'other' }, { role: 'primary' });
    expect(other.roleCheck).toMatchObject({ leader: 'other', primaries: ['postgres-1'] });
    expect(stateOf(other)).toContain('is not the primary');
    const silent = say({ verdict: 'failing', detail: 'auth' });
    expect(silent.roleCheck).toMatchObject({ leader: 'silent', detail: 'auth' });
    expect(stateOf(silent)).toContain('does not say its role');
    expect(stateOf(say({ role: 'primary' }, { role: 'primary' }))).toContain('2 primaries');
  });

  it('a status is what the schema of the API says', () => {
    expect(leaderStatusSchema.parse(aStatus())).toEqual(aStatus());
    expect(aStatus()).toMatchObject({
      leader: null,
      decision: 'elected',
      pods: { ready: 1, total: 2 },
      drift: ['create services/postgres-leader', 'create endpointslices/postgres-leader-ipv4'],
    });
  });

  it.each<{ changes: Partial<LeaderStatus>; says: string }>([
    { changes: { leader, drift: [] }, says: 'ok' },
    { changes: { leader, drift: ['patch x'] }, says: 'drift' },
    {
      changes: { leader, drift: [], paused: true, warnings: [{ reason: 'a', message: 'b' }] },
      says: 'paused, 1 warning',
    },
    { changes: { drift: [], decision: 'lost', reason: 'NoReadyPods' }, says: 'no leader: NoReadyPods' },
    { changes: { leader, drift: [], healthCheck: aFailure }, says: 'fails its check' },
    { changes: { leader, drift: [], healthCheck: { ...aFailure, leader: 'passing' } }, says: 'ok' },
    { changes: { drift: [], decision: 'refused', reason: 'NameConflict' }, says: 'refused: NameConflict' },
  ])('says first what a person should know: $says', ({ changes, says }) => {
    expect(stateOf(aStatus(changes))).toBe(says);
  });

  it('a status has as many cells as the heading, wide or not', () => {
    expect(toRow(aStatus(), NOW, false)).toHaveLength(heading.length);
    expect(toRow(aStatus(), NOW, true)).toHaveLength(wideHeading.length);
  });

  it('shows in a wide row the three leaders before the last one, the newest first', () => {
    const history = ['e', 'd', null, 'b', 'a'].map((pod, index) => ({
      epoch: 9 - index,
      pod,
      reason: 'LeaderNotReady',
      at: index === 3 ? null : new Date(NOW - (index + 1) * 60_000).toISOString(),
    }));
    const cells = toRow(aStatus({ history }), NOW, true);
    expect(cells[wideHeading.indexOf('BEFORE')]).toBe('d (since 2m); <none> (since 3m); b');
  });
});

describe('the texts of the live page', () => {
  it('the texts of the live page have a sentence for every reason', () => {
    expect(Object.keys(reasonText).toSorted()).toEqual([...reasons].toSorted());
  });
});

async function textsOf(feed: StatusFeed): Promise<readonly string[]> {
  const texts: string[] = [];
  for await (const portion of feed.texts()) texts.push(...portion);
  return texts;
}

describe('the feed', () => {
  afterEach(() => void vi.useRealTimers());

  function aFeed() {
    vi.useFakeTimers();
    const { store, pods, services } = aLeaderStore();
    services.add(aService());
    const feed = createStatusFeed(() => NOW);
    const snapshotOf = vi.fn(({ namespace, name }: SourceName) =>
      buildSnapshot({ ...store.namespace(namespace).stateOf(name), namespace, revisions }),
    );
    const readiness = () => ({ ready: true, reasons: [] });
    const isSource = ({ namespace, name }: SourceName) => store.namespace(namespace).isSource(name);
    feed.follow({ sources: store.sources, isSource, snapshotOf, readiness });
    const changes: StatusChange[] = [];
    return { feed, pods, services, snapshotOf, changes, source: { namespace: 'shop', name: 'postgres' } };
  }

  it('reports a burst about one Service once, and nothing where nothing has changed', () => {
    const { feed, pods, changes, source } = aFeed();
    feed.subscribe((change) => changes.push(change));
    pods.add(aPod({ name: 'postgres-0' }));
    for (let i = 0; i < 5; i += 1) feed.note(source);
    vi.runAllTimers();
    feed.note(source);
    vi.runAllTimers();
    expect(changes).toMatchObject([{ kind: 'leader', status: { service: 'postgres', pods: { ready: 1 } } }]);
  });

  it('reports that a Service is no longer annotated', () => {
    const { feed, services, changes, source } = aFeed();
    feed.subscribe((change) => changes.push(change));
    feed.list();
    services.delete(aService());
    feed.note(source);
    vi.runAllTimers();
    expect(changes).toEqual([{ kind: 'removed', namespace: 'shop', service: 'postgres' }]);
    expect(feed.read(source)).toBeNull();
  });

  it('computes the list again only for what something happened to, however many ask', async () => {
    const { feed, pods, services, snapshotOf, source } = aFeed();
    vi.useRealTimers();
    services.add(aService({}, { name: 'orders' }));
    const readAll = async () => (await textsOf(feed)).map((text) => JSON.parse(text));
    expect(await readAll()).toEqual(feed.list());
    snapshotOf.mockClear();
    await Promise.all([readAll(), readAll(), readAll()]);
    expect(snapshotOf).not.toHaveBeenCalled();
    pods.add(aPod({ name: 'postgres-0' }));
    feed.note(source);
    expect(await readAll()).toMatchObject([{ service: 'orders' }, { service: 'postgres', pods: { ready: 1 } }]);
    expect(snapshotOf.mock.calls).toEqual([[source]]);
    services.delete(aService());
    feed.note(source);
    expect(await readAll()).toMatchObject([{ service: 'orders' }]);
  });

  it('lets the event loop turn while it lists many Services', async () => {
    const { feed, services } = aFeed();
    vi.useRealTimers();
    for (let at = 0; at < 200; at += 1) services.add(aService({}, { name: `orders-${at}` }));
    let turns = 0;
    const count = () => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    expect(await textsOf(feed)).toHaveLength(201);
    clearImmediate(next);
    expect(turns).toBeGreaterThan(5);
  });

  it('computes nothing without a listener', () => {
    const { feed, snapshotOf, source } = aFeed();
    feed.note(source);
    vi.runAllTimers();
    feed.subscribe(() => {})();
    snapshotOf.mockClear();
    feed.note(source);
    vi.runAllTimers();
    expect(snapshotOf).not.toHaveBeenCalled();
  });
});

describe('schemas/openapi.json', () => {
  it('schemas/openapi.json is what the zod schemas say (else: npm run schemas)', () => {
    const text = readFileSync(new URL('../../../schemas/openapi.json', import.meta.url), 'utf8');
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(openApi)));
  });

  it('refers to nothing that it does not hold', () => {
    const text = JSON.stringify(openApi);
    const held = Object.keys(openApi.components.schemas).map((name) => `#/components/schemas/${name}`);
    for (const [, target] of text.matchAll(/"\$ref":"([^"]+)"/g)) expect(held).toContain(target);
  });
});
