/**
 * Measures what eight elections of one Service cost a function, beside eight Services with one
 * each: processor time of the function and of a fake API server in the same process. The floor is
 * the eight Services. docs/performance.md
 */

import { createFunctionReconciler } from '../functions/functionDeps.ts';
import { readState } from '../functions/reconcile/readState.ts';
import type { Reconciler } from '../functions/reconcile/reconciler.ts';
import { toSnapshots } from '../functions/reconcile/toSnapshots.ts';
import { silentLogger } from '../lib/telemetry/logger.ts';
import { createMetrics } from '../lib/telemetry/metrics.ts';
import { putService } from '../test/support/objects/aNamespace.ts';
import { aPodManifest, aPodStatus } from '../test/support/objects/aPodManifest.ts';
import { type FakeApi, startFakeApi } from '../test/support/servers/fakeApi.ts';
import type { Figure } from './claim.ts';
import { describeSetting } from './describeSetting.ts';
import { readSamples } from './readSamples.ts';
import { medianOf, writeClaim } from './writeClaim.ts';

const rounds = readSamples({ script: 'measureElections.ts', samples: 15, reason: 'a round takes a tenth of a second' });
const ELECTIONS = 8;
const PODS = 16;
/** Of events with nothing to write, so that a round is long enough to be measured. */
const QUIET = 200;
const signal = new AbortController().signal;

interface Side {
  readonly names: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
}

const sides: Readonly<Record<'floor' | 'zenLead', Side>> = {
  floor: { names: Array.from({ length: ELECTIONS }, (_, i) => `db${i}`), annotations: {} },
  zenLead: {
    names: ['db'],
    annotations: {
      'zen-lead.io/elections': Array.from({ length: ELECTIONS }, (_, i) => `e${i}`).join(),
      'zen-lead.io/spread': 'none',
    },
  },
};

const setting = describeSetting();
const took = { optIn: empty(), quiet: empty(), failover: empty() };
for (let round = 0; round < rounds; round += 1)
  for (const side of ['floor', 'zenLead'] as const) {
    const measured = await measure(sides[side]);
    for (const key of ['optIn', 'quiet', 'failover'] as const) took[key][side].push(measured[key]);
  }
writeClaim({
  name: 'elections',
  claim: 'Eight elections of one Service, beside eight Services: processor time, a fake API server included',
  load: `${PODS} pods, median of ${rounds} rounds`,
  setting,
  figures: [
    toFigure('opt-in, up to the announcement', took.optIn),
    toFigure('the loss of every leader, up to the announcement', took.failover),
    toFigure('nothing to write', took.quiet),
  ],
});
process.exit();

function empty(): Record<'floor' | 'zenLead', number[]> {
  return { floor: [], zenLead: [] };
}

function toFigure(what: string, { floor, zenLead }: Record<'floor' | 'zenLead', number[]>): Figure {
  return { what, unit: 'ms', floor: medianOf(floor), zenLead: medianOf(zenLead) };
}

async function measure({ names, annotations }: Side): Promise<Record<'optIn' | 'quiet' | 'failover', number>> {
  const api = await startFakeApi();
  const base = { api: api.api, clusterName: 'bench', metrics: createMetrics(), log: silentLogger };
  const reconciler = createFunctionReconciler(base);
  const putReady = (number: number, ready: boolean): void => {
    const [metadata, status] = [
      aPodManifest({ name: `db-${number}`, labels: { app: 'db' }, createdAt: createdAt(number), nodeName: 'n1' }),
      aPodStatus({ ready, ips: [`10.0.1.${number}`] }),
    ];
    api.put('pods', { ...metadata, status });
  };
  for (let i = 0; i < PODS; i += 1) putReady(i, true);
  for (const name of names) putService(api, annotations, {}, name);
  const optIn = await untilQuiet(api, reconciler, names);
  let quiet = 0;
  for (let i = 0; i < QUIET / names.length; i += 1) quiet += await once(api, reconciler, names);
  for (let i = 0; i < PODS / 2; i += 1) putReady(i, false);
  const failover = await untilQuiet(api, reconciler, names);
  await api.close();
  // For each election, whichever side it is of.
  return { optIn, quiet: quiet / (names.length === 1 ? QUIET : QUIET / names.length), failover };
}

function createdAt(number: number): string {
  return `2026-11-20T09:00:${String(number).padStart(2, '0')}Z`;
}

/** Milliseconds of processor time until no event leads to a write. */
async function untilQuiet(api: FakeApi, reconciler: Reconciler, names: readonly string[]): Promise<number> {
  let total = 0;
  for (let i = 0; i < 20; i += 1) {
    const written = api.writes().length;
    total += await once(api, reconciler, names);
    if (api.writes().length === written) return total;
  }
  throw new Error('it never stops writing');
}

/** Sends an event about each Service, as a bridge with a fresh view would. Reading it is free. */
async function once(api: FakeApi, reconciler: Reconciler, names: readonly string[]): Promise<number> {
  let total = 0;
  for (const name of names) {
    const state = await readState(api.api, 'shop', Date.now, signal);
    const snapshot = toSnapshots(state)(name);
    const before = process.cpuUsage();
    const deadline = Date.now() + 60_000;
    const change = { kind: 'Pod', name: 'db-0', verb: 'modified' } as const;
    const data = { kind: 'readable', value: { change, deadline, snapshot } } as const;
    const event = { kind: 'reconcile', id: 'e', type: 'io.zen-lead.pod.modified', source: '/clusters/bench' } as const;
    await reconciler.reconcile({ ...event, subject: { namespace: 'shop', name }, data }, true, signal);
    const { user, system } = process.cpuUsage(before);
    total += (user + system) / 1_000;
  }
  return total;
}
