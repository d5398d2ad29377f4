/**
 * Faults: lists what goes wrong around zen-lead. Processes stop, stand still or start again, links
 * are cut, and an API server restarts, forgets or goes back in time.
 */

import { type ErrorCode, ZenLeadError } from '../../lib/errors.ts';
import type { Action } from './action.ts';
import type { Cluster, IsForbidden } from './cluster.ts';
import { type Conditions, perfectConditions } from './network.ts';
import type { Random } from './random.ts';
import { createRestores } from './restores.ts';
import type { Process, Scheduler } from './scheduler.ts';
import type { Verdict } from './verdict.ts';

/**
 * A bridge notices that it stood still for longer than this (bridge/watch/watchTrust.ts: tickMs +
 * blindMs).
 */
const UNNOTICED_FREEZE_MS = 4_000;

/** A watch that is cut for no longer is relied on (bridge/watch/watchTrust.ts: blindMs). */
const TRUSTED_CUT_MS = 3_000;
/**
 * Pages of a LIST that were slow, one after the other. A LIST counts as new, or one that takes long
 * would be repeated for ever.
 */
const SLOW_LIST_MS = 12_000;

const HOUR_MS = 3_600_000;

export interface Faults {
  readonly actions: readonly Action[];
  /** From now on messages fare like this. */
  setConditions(conditions: Conditions): void;
  /** Takes everything back, so that all is well from now on. */
  heal(): void;
}

export function createFaults(cluster: Cluster, scheduler: Scheduler, random: Random, verdict: Verdict): Faults {
  const { server, network, watchServer, pages, bridgeNames, functionNames } = cluster;
  const { etcd } = server;

  const pickBridge = (): string => random.pickAny(bridgeNames) ?? 'bridge-0';
  const pickFunction = (): string => random.pickAny(functionNames) ?? 'function-0';
  const after = (delayMs: number, what: string, run: () => void): void => {
    scheduler.schedule(delayMs, () => {
      verdict.note(what);
      run();
    });
  };
  const isRunning = (process: Process | undefined): process is Process =>
    process?.isAlive() === true && !process.isFrozen();
  const seconds = (ms: number): string => `for ${(ms / 1_000).toFixed(1)} s`;

  /** It has to watch or list again, which is not at once where messages are slow. */
  function mustConnect(name: string): void {
    cluster.mayBeBlind(name, 'connecting', TRUSTED_CUT_MS + (network.conditions().slowRate > 0 ? SLOW_LIST_MS : 0));
  }

  function freeze(name: string, forMs: number): string | null {
    const process = cluster.processOf(name);
    if (!isRunning(process)) return null;
    process.freeze();
    if (name.startsWith('bridge')) {
      cluster.mayBeBlind(name, 'freeze', Math.min(forMs, UNNOTICED_FREEZE_MS));
      mustConnect(name);
    }
    after(forMs, `${name} goes on`, process.thaw);
    return `${name} ${seconds(forMs)}`;
  }

  function kill(name: string): string | null {
    if (cluster.processOf(name)?.isAlive() !== true) return null;
    cluster.kill(name);
    if (name.startsWith('bridge')) mustConnect(name);
    after(random.between(100, 6_000), `${name} starts again`, () => cluster.restart(name));
    return name;
  }

  function cut(a: string, b: string, forMs: number): string {
    network.cut(a, b, scheduler.now() + forMs);
    if (a.startsWith('bridge') && b === 'api') cluster.mayBeBlind(a, 'cut', forMs);
    return `${a} from ${b} ${seconds(forMs)}`;
  }

  function connectionError(): ZenLeadError | null {
    if (random.chance(0.3)) return null;
    const code: ErrorCode = random.chance(0.5) ? 'KUBE_UNAVAILABLE' : 'WATCH_BROKEN';
    return new ZenLeadError(code, 'the watch was cut', { retry: 'later' });
  }

  function forbid(why: string, forMs: number, isForbidden: IsForbidden): string {
    cluster.setForbidden(why, isForbidden);
    after(forMs, `${why}: no longer`, () => cluster.setForbidden(why, null));
    return seconds(forMs);
  }

  const action = (name: string, weight: number, run: () => string | null): Action => ({ name, weight, run });
  return {
    actions: [
      action('freeze a bridge', 2, () => freeze(pickBridge(), random.between(50, 40_000))),
      action('freeze a function', 2, () => freeze(pickFunction(), random.between(50, 15_000))),
      action('kill a bridge', 2, () => kill(pickBridge())),
      action('kill a function', 2, () => kill(pickFunction())),
      action('cut a bridge from the API', 1, () => cut(pickBridge(), 'api', random.between(300, 25_000))),
      action('cut a function from the API', 1, () => cut(pickFunction(), 'api', random.between(300, 10_000))),
      action('cut a bridge from a function', 1, () => cut(pickBridge(), pickFunction(), random.between(300, 10_000))),
      action('cut watches', 2, () => {
        const name = pickBridge();
        watchServer.end(name, connectionError);
        mustConnect(name);
        return name;
      }),
      action('hold watches back', 1, () => {
        const [name, lagMs, forMs] = [pickBridge(), random.between(500, 15_000), random.between(2_000, 20_000)];
        // Twice, because the end of a watch comes as late as its lines, and so does the replay of
        // the next one.
        cluster.mayBeBlind(name, 'proxy', 2 * lagMs);
        cluster.setWatchLag(name, lagMs);
        after(forMs, `${name} is no longer held back`, () => cluster.setWatchLag(name, 0));
        return `${name} by ${(lagMs / 1_000).toFixed(1)} s`;
      }),
      action('restart the API server', 1, () => {
        const forMs = random.between(100, 5_000);
        cluster.setUp(false);
        watchServer.end(null, connectionError);
        for (const name of bridgeNames) mustConnect(name);
        after(forMs, 'the API server is back', () => cluster.setUp(true));
        return seconds(forMs);
      }),
      // A server that has just started answers 403 until its authorizer has synced.
      action('every request is forbidden', 1, () =>
        forbid('every request is forbidden', random.between(50, 3_000), () => true),
      ),
      action('the quota of Services is exhausted', 1, () =>
        forbid('the quota of Services is exhausted', random.between(1_000, 20_000), (_actor, request) =>
          request.startsWith('create services/'),
        ),
      ),
      action('a bridge loses its rights', 1, () => {
        const name = pickBridge();
        watchServer.end(name, connectionError);
        mustConnect(name);
        return `${name} ${forbid(`${name} has no rights`, random.between(300, 20_000), (actor) => actor === name)}`;
      }),
      action('the API server is slow', 1, () => {
        const slowMs = random.pick([300, 1_100, 2_500]);
        const names = random.chance(0.5) ? [pickBridge(), pickFunction()] : [...bridgeNames, ...functionNames];
        const forMs = random.between(2_000, 20_000);
        for (const name of names) {
          cluster.setSlow(name, slowMs);
          if (name.startsWith('bridge')) cluster.mayBeBlind(name, 'connecting', TRUSTED_CUT_MS + SLOW_LIST_MS);
        }
        after(forMs, `the API server is fast again for ${names.join()}`, () => {
          for (const name of names) cluster.setSlow(name, 0);
        });
        return `${slowMs} ms a call for ${names.join()} ${seconds(forMs)}`;
      }),
      action('a wall clock is set', 1, () => {
        const name = random.chance(0.5) ? pickBridge() : pickFunction();
        const skewMs = random.pick([-HOUR_MS, HOUR_MS, -20_000, 20_000]);
        cluster.setClock(name, skewMs);
        // Some stay wrong.
        if (random.chance(0.7))
          after(random.between(1_000, 20_000), `the clock of ${name} is right`, () => cluster.setClock(name, 0));
        return `of ${name} by ${skewMs / 1_000} s`;
      }),
      action('bridges may not list and watch', 1, () =>
        forbid(
          'bridges may not list and watch',
          random.between(300, 15_000),
          (actor, request) => actor.startsWith('bridge') && /^(list|watch) /.test(request),
        ),
      ),
      // As a webhook does that has a fault.
      action('writes of functions are rejected', 1, () => {
        const forMs = random.between(50, 3_000);
        cluster.setRejecting(true);
        after(forMs, 'writes of functions are taken', () => cluster.setRejecting(false));
        return seconds(forMs);
      }),
      action('refuse events', 1, () => {
        const forMs = random.between(300, 15_000);
        cluster.setRefusing(true);
        after(forMs, 'events are let through', () => cluster.setRefusing(false));
        return seconds(forMs);
      }),
      action('compact etcd', 1, () => {
        etcd.compact();
        pages.expire();
        for (const name of bridgeNames) mustConnect(name);
        return `at ${etcd.revision()}`;
      }),
      ...createRestores(cluster, scheduler, random, connectionError),
    ],
    setConditions(conditions) {
      network.setConditions(conditions);
      // Every watch ends sometime, and the next one then takes as long as its messages do.
      const { slowRate, lossRate, errorRate } = conditions;
      if (slowRate + lossRate + errorRate === 0) return;
      for (const name of bridgeNames) cluster.mayBeBlind(name, 'connecting', TRUSTED_CUT_MS);
    },
    heal() {
      verdict.note('everything is well from now on');
      network.setConditions(perfectConditions);
      network.healAll();
      cluster.podNetwork.heal();
      cluster.nodes?.heal();
      cluster.setUp(true);
      cluster.setRefusing(false);
      cluster.allowAll();
      cluster.setRejecting(false);
      for (const name of [...bridgeNames, ...functionNames]) {
        cluster.setWatchLag(name, 0);
        cluster.setSlow(name, 0);
        const process = cluster.processOf(name);
        if (process?.isAlive() !== true) cluster.restart(name);
        else if (process.isFrozen()) process.thaw();
      }
    },
  };
}
