/**
 * startNodeHealth: says which nodes are silent, cordoned or unfit. docs/how-to/node-failures.md
 *
 * Guarantees: what the bridge does otherwise waits for none of this. After verdicts were void, and
 * after this process stood still, silence counts from then on.
 */

import type { CancelTimer } from '../clock.ts';
import { onScrape } from '../gauges.ts';
import { type AddressPolicy, podAddressesOnly } from '../probes/addressPolicy.ts';
import { STOOD_STILL_MS } from '../probes/lagMonitor.ts';
import { network, type ProbeNetwork } from '../probes/network.ts';
import { type Judgement, judgeNodes } from './judgeNodes.ts';
import { createPortCheck, type NodeAddress } from './portCheck.ts';
import { type NodeWatchContext, startNodeWatches } from './watchNodes.ts';

export interface NodeHealthOptions {
  /** Absent where no connection is opened. */
  readonly checkPort?: number | undefined;
  /** Conditions that make a node unfit while they are True. */
  readonly unfitConditions?: readonly string[];
  /** Which addresses may be asked. For programs that bring their own nodes; no flag opens it. */
  readonly mayProbe?: AddressPolicy;
  readonly network?: ProbeNetwork;
  /** Another judgement of the signs than our own. */
  readonly judge?: typeof judgeNodes;
}

export interface NodeHealthContext extends NodeWatchContext {
  /** The addresses of nodes, and which of them hold a leader. Asked once a second. */
  addresses(): readonly NodeAddress[];
  /** What is said of these nodes has changed. */
  onChange(names: ReadonlySet<string>): void;
}

interface NodeReport {
  readonly verdict: 'alive' | 'silent';
  /** When verdict or condition last changed, epoch milliseconds. */
  readonly since: number;
  readonly cordoned?: true;
  readonly condition?: string;
}

type Reports = ReadonlyMap<string, NodeReport>;

export interface NodeHealth {
  /** Some node is silent, cordoned or unfit. */
  isAnyNotable(): boolean;
  isNotable(name: string): boolean;
  /** Undefined where nothing is known of it, and where verdicts are void. */
  reportOf(name: string): NodeReport | undefined;
  /** The label of the node, also where verdicts are void. */
  zoneOf(name: string): string | undefined;
  /** One sentence for each part that is off. */
  lacks(): readonly string[];
  /** The API server has answered whether nodes may be watched. */
  readonly asked: Promise<unknown>;
  close(): Promise<void>;
}

/** A silence of 5 s is noticed a fifth later at most. */
const TICK_MS = 1_000;

export function startNodeHealth(options: NodeHealthOptions, context: NodeHealthContext): NodeHealth {
  const { clock, random, metrics, log } = context;
  const { unfitConditions = [], judge: judgeSigns = judgeNodes } = options;
  /** What was said last, of the nodes against which something stands. */
  let notable: Reports = new Map();
  let judgement: Judgement = { silent: new Set(), suspects: new Set(), voidedBy: null };
  let countsFrom = clock.monotonic();
  let tickedAt = countsFrom;
  const startedAt = clock.now();

  const portCheck =
    options.checkPort === undefined
      ? null
      : createPortCheck({
          ...{ port: options.checkPort, clock, random, onSigns: review, onStoodStill: restart },
          ...{ network: options.network ?? network, mayProbe: options.mayProbe ?? podAddressesOnly },
        });
  const watches = startNodeWatches(context, {
    countsFrom() {
      if (stoodStill()) review();
      return countsFrom;
    },
    onRenewal(name) {
      portCheck?.noteRenewal(name);
      if (judgement.suspects.has(name)) review();
    },
    onNodes: review,
  });

  /** Nothing that was not heard before counts. */
  function restart(): void {
    countsFrom = clock.monotonic();
    portCheck?.restart();
  }

  function stoodStill(): boolean {
    return clock.monotonic() - tickedAt >= TICK_MS + STOOD_STILL_MS;
  }

  /** What piled up meanwhile is heard one after the other, some of it before the next tick. */
  function noteStandstill(): void {
    if (!stoodStill()) return;
    tickedAt = clock.monotonic();
    restart();
  }

  function judge(): Judgement {
    const signs = [...watches.names()].map((name) => ({
      ...{ name, renewal: watches.renewals.of(name), port: portCheck?.signsOf(name) },
    }));
    const [isStale, lastGap] = [watches.isStale(), watches.lastGap()];
    return judgeSigns(signs, { now: clock.monotonic(), countsFrom, isStale, lastGap });
  }

  function review(): void {
    noteStandstill();
    const before = judgement;
    judgement = judge();
    noteVoid(before, judgement);
    // What was late while nothing counted may only be about to be heard again.
    if (before.voidedBy !== null && judgement.voidedBy === null) {
      restart();
      judgement = judge();
    }
    const reports = [...new Set([...judgement.silent, ...watches.views.keys()])].map(
      (name) => [name, reportNow(name)] as const,
    );
    const next: Reports = new Map(reports.filter(([, report]) => isFaulty(report)));
    const changed = new Set([...notable.keys(), ...next.keys()].filter((name) => isOther(notable, next, name)));
    for (const name of changed) noteReport(name, next.get(name), notable.get(name));
    notable = next;
    if (changed.size > 0) context.onChange(changed);
  }

  function reportNow(name: string): NodeReport {
    const view = watches.views.get(name);
    const verdict = judgement.silent.has(name) ? 'silent' : 'alive';
    const condition = view?.conditions.find((each) => unfitConditions.includes(each));
    const known = notable.get(name);
    const isSame = known !== undefined && known.verdict === verdict && known.condition === condition;
    const isPlain = verdict === 'alive' && condition === undefined;
    return {
      verdict,
      since: isSame ? known.since : isPlain ? startedAt : clock.now(),
      ...(view?.isCordoned === true && { cordoned: true }),
      ...(condition !== undefined && { condition }),
    };
  }

  function noteVoid(before: Judgement, after: Judgement): void {
    if (after.voidedBy === null) return;
    const known = before.voidedBy === null ? new Set<string>() : before.suspects;
    const count = [...after.suspects].filter((name) => !known.has(name)).length;
    if (count === 0) return;
    metrics.nodeVerdictsVoid.inc({ reason: after.voidedBy }, count);
    if (known.size === 0)
      log.warn({ reason: after.voidedBy, nodes: count }, 'nodes seem silent, which is not believed');
  }

  function noteReport(node: string, after: NodeReport | undefined, before: NodeReport | undefined): void {
    const isSilent = after?.verdict === 'silent';
    const state = { node, cordoned: after?.cordoned === true, condition: after?.condition };
    if (isSilent !== (before?.verdict === 'silent'))
      log.warn(state, isSilent ? 'a node is silent' : 'a node is heard again');
    else log.info(state, 'a node was cordoned, uncordoned, or has another condition');
  }

  function tick(): void {
    portCheck?.setTargets(context.addresses());
    review();
    tickedAt = clock.monotonic();
    cancelTick = clock.setTimer(tick, TICK_MS);
  }
  let cancelTick: CancelTimer = clock.setTimer(tick, TICK_MS);

  onScrape(metrics.nodes, () => {
    const counts = { alive: 0, silent: 0, unfit: 0, cordoned: 0, unknown: 0 };
    for (const name of watches.names()) counts[stateOf(name)] += 1;
    for (const [state, count] of Object.entries(counts)) metrics.nodes.set({ state }, count);
  });

  function stateOf(name: string): 'alive' | 'silent' | 'unfit' | 'cordoned' | 'unknown' {
    const report = notable.get(name);
    if (report?.verdict === 'silent') return 'silent';
    if (report?.condition !== undefined) return 'unfit';
    if (report?.cordoned === true) return 'cordoned';
    return isKnown(name) ? 'alive' : 'unknown';
  }

  /** Its Lease was renewed in our sight, or no Lease is known at all. */
  function isKnown(name: string): boolean {
    if (notable.has(name)) return true;
    if (!watches.hasLeases()) return watches.views.has(name);
    return (watches.renewals.of(name)?.lastAt ?? null) !== null && !judgement.suspects.has(name);
  }

  return {
    isAnyNotable: () => notable.size > 0,
    isNotable: (name) => notable.has(name),
    reportOf(name) {
      // An event may be made before the next tick, out of what was known before the standstill.
      if (stoodStill()) review();
      if (judgement.voidedBy !== null || !isKnown(name)) return undefined;
      return notable.get(name) ?? reportNow(name);
    },
    zoneOf: (name) => watches.views.get(name)?.zone,
    lacks: watches.lacks,
    asked: watches.asked,
    async close() {
      cancelTick();
      portCheck?.close();
      await watches.close();
    },
  };
}

function isFaulty({ verdict, cordoned, condition }: NodeReport): boolean {
  return verdict === 'silent' || cordoned === true || condition !== undefined;
}

function isOther(before: Reports, after: Reports, name: string): boolean {
  const [a, b] = [before.get(name), after.get(name)];
  return a?.verdict !== b?.verdict || a?.cordoned !== b?.cordoned || a?.condition !== b?.condition;
}
