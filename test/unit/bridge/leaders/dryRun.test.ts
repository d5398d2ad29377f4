import { describe, expect, it } from 'vitest';
import { canWait, dryRun, isSettled } from '../../../../bridge/leaders/dryRun.ts';
import { toAnnouncement } from '../../../../lib/selection/announcement.ts';
import { assess } from '../../../../lib/selection/assess.ts';
import type { Uid } from '../../../../lib/selection/snapshot.ts';
import { aPod, aService, observed, T0, version } from '../../../support/objects/builders.ts';
import { World } from '../../../support/simulated/world.ts';

function aLedWorld(annotations: Readonly<Record<string, string>> = {}): World {
  const world = new World();
  world.setSource(aService(annotations));
  for (const name of ['db-0', 'db-1']) world.setPod(aPod({ name }));
  world.reconcile(T0);
  world.reconcile(T0);
  return world;
}

describe('a replica that does not send first', () => {
  it('wants nothing where the route is as the rules say', () => {
    expect(dryRun(aLedWorld().snapshot(), T0)).toMatchObject({ wantsRoute: false, nextLookAt: null });
  });

  it('wants the route changed when the leader is lost, and when there is none yet', () => {
    const world = aLedWorld();
    world.changePod('db-0', { ready: false });
    expect(dryRun(world.snapshot(), T0).wantsRoute).toBe(true);
    const fresh = new World();
    fresh.setSource(aService());
    expect(dryRun(fresh.snapshot(), T0).wantsRoute).toBe(true);
  });

  it('wants another change where it has another reason, or another pod is to lead', () => {
    const world = aLedWorld({ 'health-check': 'tcp://:5432' });
    world.observations = observed({ 'db-0': { verdict: 'failing' }, 'db-1': { verdict: 'passing' } });
    const unhealthy = dryRun(world.snapshot(), T0).change;
    expect(dryRun(world.snapshot(), T0 + 1).change).toBe(unhealthy);
    world.changePod('db-0', { ready: false });
    const unready = dryRun(world.snapshot(), T0).change;
    expect(unready).not.toBe(unhealthy);
    world.setPod(aPod({ name: 'db-1', uid: 'another' as Uid }));
    expect(dryRun(world.snapshot(), T0).change).not.toBe(unready);
  });

  it('wants another change where another one of several elections has to change', () => {
    const world = aLedWorld({ elections: 'writer, cron', spread: 'require' });
    const inSync = dryRun(world.snapshot(), T0);
    expect(inSync.wantsRoute).toBe(false);
    world.setPod(aPod({ name: 'db-2' }));
    world.changePod('db-1', { ready: false });
    const cronIsLost = dryRun(world.snapshot(), T0);
    expect(cronIsLost.wantsRoute).toBe(true);
    expect(cronIsLost.change).not.toBe(inSync.change);
    world.changePod('db-0', { ready: false });
    expect(dryRun(world.snapshot(), T0).change).not.toBe(cronIsLost.change);
  });

  it('wants nothing for followers and announcements alone: they can wait for the replica that sends first', () => {
    const world = aLedWorld();
    world.setSource(aService({ followers: 'true' }));
    expect(dryRun(world.snapshot(), T0).wantsRoute).toBe(false);
  });

  it('wants nothing because its own watches are behind what was decided on', () => {
    const snapshot = aLedWorld().snapshot();
    const behind = { pods: version(1), services: version(1), slices: version(1) };
    expect(dryRun({ ...snapshot, revisions: behind }, T0).wantsRoute).toBe(false);
  });

  it('knows when time alone will make it want a change', () => {
    const world = aLedWorld({ 'failover-min-delay': '10s' });
    world.changePod('db-0', { ready: false, readyChangedAt: T0 });
    world.reconcile(T0); // the conditions of its endpoint follow the pod
    expect(dryRun(world.snapshot(), T0)).toMatchObject({ wantsRoute: false, nextLookAt: T0 + 10_000 });
    expect(dryRun(world.snapshot(), T0 + 10_000).wantsRoute).toBe(true);
  });

  it.each([
    ['the leader fails and another pod passes', { 'db-0': 'failing', 'db-1': 'passing' }, true],
    ['the leader fails and no pod passes', { 'db-0': 'failing', 'db-1': 'failing' }, false],
    ['the leader passes', { 'db-0': 'passing', 'db-1': 'passing' }, false],
  ] as const)('goes by the verdicts of its own checks: %s', (_, verdicts, wants) => {
    const world = aLedWorld({ 'health-check': 'tcp://:5432' });
    const pods = Object.entries(verdicts).map(([name, verdict]) => [name, { verdict }]);
    world.observations = observed(Object.fromEntries(pods));
    expect(dryRun(world.snapshot(), T0).wantsRoute).toBe(wants);
  });
});

describe('a change of a pod', () => {
  const waits = (world: World) => canWait(world.snapshot(), T0);
  const aReadyPod = (annotations: Readonly<Record<string, string>>): World => {
    const world = aLedWorld(annotations);
    world.setPod(aPod({ name: 'db-2' }));
    return world;
  };

  it('can wait beside a fit leader, whether the pod becomes Ready or goes', () => {
    const world = aReadyPod({});
    expect(waits(world)).toBe(true);
    world.changePod('db-1', { ready: false });
    expect(waits(world)).toBe(true);
  });

  it.each([
    ['it is the one that is pinned', { 'pin-leader': 'db-2' }],
    ['it comes before a leader that is not sticky', { sticky: 'false', strategy: 'newest' }],
  ])('cannot wait where %s', (_, annotations) => {
    expect(waits(aLedWorld(annotations))).toBe(true);
    expect(waits(aReadyPod(annotations))).toBe(false);
  });

  it('cannot wait where time alone will move the route after it', () => {
    const world = aLedWorld({ 'failover-min-delay': '10s' });
    world.changePod('db-0', { ready: false, readyChangedAt: T0 });
    world.reconcile(T0);
    expect(waits(world)).toBe(false);
  });
});

describe('our own write that comes back', () => {
  function announce(world: World): void {
    const snapshot = world.snapshot();
    const record = toAnnouncement(snapshot, assess(snapshot, T0).decision)?.record;
    if (record) world.apply(record);
  }
  const settled = (world: World) => isSettled(world.snapshot(), T0);

  it('needs a reconcile until the leader is announced, and none after that', () => {
    const world = aLedWorld();
    expect(settled(world)).toBe(false);
    announce(world);
    expect(settled(world)).toBe(true);
  });

  it('needs one where a write, a warning or a timer would come of it', () => {
    const world = aLedWorld();
    announce(world);
    world.setSource(aService({ followers: 'true' }));
    expect(settled(world)).toBe(false);
    world.setSource(aService({ strategy: 'no such' }));
    expect(settled(world)).toBe(false);
    world.setSource(aService({ 'failover-min-delay': '10s' }));
    world.changePod('db-0', { ready: false, readyChangedAt: T0 });
    world.reconcile(T0);
    expect(settled(world)).toBe(false);
  });

  it('needs one where the Service uses scale-down, whose next step only a function knows', () => {
    const world = aLedWorld();
    announce(world);
    const left = (resource: 'services' | 'endpointslices', name: string, key: string) => {
      world.edit(resource, name, { metadata: { annotations: { [key]: '3' } } });
      expect(settled(world)).toBe(false);
      world.edit(resource, name, { metadata: { annotations: { [key]: null } } });
      expect(settled(world)).toBe(true);
    };
    left('endpointslices', 'postgres-leader-ipv4', 'zen-lead.io/scale-state');
    left('services', 'postgres-leader', 'zen-lead.io/scale-restore');
    world.setSource(aService({ 'scale-down': '0' }));
    expect(settled(world)).toBe(false);
  });

  it('needs one until each election is announced', () => {
    const world = aLedWorld({ elections: 'writer, cron' });
    announce(world);
    expect(settled(world)).toBe(false);
  });
});
