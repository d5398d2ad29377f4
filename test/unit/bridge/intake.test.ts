/** How soon a change of a pod leads to an event, and how often the rules are asked for it. */

import { describe, expect, it } from 'vitest';
import { createIntake } from '../../../bridge/intake.ts';
import type { LeaderChange } from '../../../bridge/leaders/affected.ts';
import { createLeaderDomain } from '../../../bridge/leaders/leaderDomain.ts';
import { DEBOUNCE_MS } from '../../../bridge/queue/debounce.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { aPod, aService, T0 } from '../../support/objects/builders.ts';
import { createVirtualClock } from '../../support/simulated/virtualClock.ts';
import { World } from '../../support/simulated/world.ts';

const FOLLOWERS = 1_000;
const views = { revision: () => '9999' };

/** postgres routes to p-0, and p-1 and so on are its followers. */
function aLedWorld(): World {
  const world = new World();
  world.setSource(aService());
  for (let i = 0; i <= FOLLOWERS; i += 1) world.setPod(aPod({ name: `p-${i}` }));
  world.reconcile(T0);
  world.reconcile(T0);
  return world;
}

/** What leaves a bridge that watches it, and after how many milliseconds. */
function aBridge(lowDelay: { readonly lowDelayMs?: number } = {}) {
  const world = aLedWorld();
  const clock = createVirtualClock();
  const startedAt = clock.now();
  const domain = createLeaderDomain(clock.now);
  const left: string[] = [];
  let asked = 0;
  const intake = createIntake({
    domain: { ...domain, ...lowDelay },
    clock,
    log: silentLogger,
    resync: { periodMs: 30_000, tickMs: 1_000 },
    maxWaiting: 10,
    onWaiting() {
      for (let concern = intake.queue.take(); concern !== undefined; concern = intake.queue.take()) {
        left.push(`${concern.lane} ${concern.type} after ${clock.now() - startedAt}`);
        intake.queue.finish(concern.key);
      }
    },
    isSynced: () => true,
    isSettled: () => true,
    canWait(concern) {
      asked += 1;
      return domain.canWait?.(concern, views, clock.now()) ?? false;
    },
  });
  let isWatched = false;
  const seen = (change: LeaderChange): void => {
    if (!isWatched) return;
    intake.onChange(change);
    intake.onSettled();
  };
  const pods = domain.store.pods(undefined, (change) => seen({ of: 'Pod', change }));
  const services = domain.store.services(undefined, (change) => seen({ of: 'Service', change }));
  const slices = domain.store.ourSlices(undefined, (change) => seen({ of: 'EndpointSlice', change }));
  for (const service of [...world.sources.values(), ...world.services()]) services.add(service);
  for (const pod of world.pods.values()) pods.add(pod);
  for (const slice of world.slices()) slices.add(slice);
  isWatched = true;
  const changePod = (i: number): void => pods.update(aPod({ name: `p-${i}`, ready: false }));
  const changeSlice = (): void => {
    for (const slice of world.slices())
      slices.update({ ...slice, annotations: { ...slice.annotations, 'zen-lead.io/reason': 'LeaderFit' } });
  };
  return { clock, left, services, changeSlice, changePod, asked: () => asked };
}

describe('changes of the followers of one Service', () => {
  it('ask the rules twice each time that they are held, however many they are, and lead to one event', async () => {
    const { clock, left, changePod, asked } = aBridge();
    for (let i = 1; i <= FOLLOWERS; i += 1) changePod(i);
    expect(asked()).toBe(1);
    await clock.advance(DEBOUNCE_MS);
    expect(left).toEqual([`low io.zen-lead.pod.modified after ${DEBOUNCE_MS}`]);
    expect(asked()).toBe(2);
  });

  it('ask once where one comes alone', async () => {
    const { clock, left, changePod, asked } = aBridge();
    changePod(1);
    await clock.advance(DEBOUNCE_MS);
    expect(left).toEqual([`low io.zen-lead.pod.modified after ${DEBOUNCE_MS}`]);
    expect(asked()).toBe(1);
  });

  it('hold up no failover', () => {
    const { left, changePod } = aBridge();
    changePod(1);
    changePod(2);
    changePod(0);
    expect(left).toEqual(['failover io.zen-lead.pod.modified after 0']);
  });

  it('hold up none after a failover that has taken them along', () => {
    const { left, changePod } = aBridge({ lowDelayMs: 1_000 });
    for (const i of [1, 0, 2]) changePod(i);
    expect(left).toEqual(['failover', 'change'].map((lane) => `${lane} io.zen-lead.pod.modified after 0`));
  });

  it('hold up what a user has changed no longer than themselves, and not in the low lane', async () => {
    const { clock, left, services, changePod } = aBridge();
    changePod(1);
    await clock.advance(20);
    services.update(aService({ 'pin-leader': 'p-3' }));
    await clock.advance(10);
    expect(left).toEqual([]);
    await clock.advance(20);
    expect(left).toEqual([`change io.zen-lead.service.modified after ${DEBOUNCE_MS}`]);
  });

  it('leave ahead of what can wait where the state that they have led to moves the route', async () => {
    const { clock, left, services, changePod } = aBridge();
    changePod(1);
    services.update(aService({ 'pin-leader': 'p-3' }));
    changePod(2);
    await clock.advance(DEBOUNCE_MS);
    expect(left).toEqual([`change io.zen-lead.pod.modified after ${DEBOUNCE_MS}`]);
  });

  it('stay in the low lane where our own write has come back since', async () => {
    const { clock, left, changeSlice, changePod } = aBridge();
    changePod(1);
    changePod(2);
    changeSlice();
    await clock.advance(DEBOUNCE_MS);
    expect(left).toEqual([`low io.zen-lead.service.drifted after ${DEBOUNCE_MS}`]);
  });
});
