/**
 * createPortCheck: opens a connection to one port of some nodes, once a second, and counts the
 * failures in a row.
 *
 * Guarantees: only a time-out and "no route to host" count as failures. What else comes back comes
 * from a kernel that lives. A result is void where this process was late (targetProbe.ts).
 * A node that renewed its Lease while its port failed is not failing by its port until that has
 * answered once: the way to it is cut, not the node.
 */

import type { Clock } from '../clock.ts';
import type { AddressPolicy } from '../probes/addressPolicy.ts';
import { createLagMonitor } from '../probes/lagMonitor.ts';
import type { ProbeNetwork } from '../probes/network.ts';
import { createPace } from '../probes/pace.ts';
import type { ProbeResult } from '../probes/probe.ts';
import { createTargetProbe, type TargetProbe, type TimedCheck } from '../probes/targetProbe.ts';
import type { PortSigns } from './judgeNodes.ts';

export interface NodeAddress {
  readonly node: string;
  readonly address: string;
  readonly holdsLeader: boolean;
}

export interface PortCheck {
  /** Every known address of a node, the same node more than once at most with other addresses. */
  setTargets(targets: readonly NodeAddress[]): void;
  signsOf(node: string): PortSigns | undefined;
  noteRenewal(node: string): void;
  /** The process stood still, or what it saw is void. */
  restart(): void;
  close(): void;
}

interface PortCheckOptions {
  readonly port: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly network: ProbeNetwork;
  readonly mayProbe: AddressPolicy;
  /** A count has changed. */
  onSigns(): void;
  onStoodStill(): void;
}

const INTERVAL_MS = 1_000;
const TIMEOUT_MS = 500;
/** A connection takes some 150 us: a thousand nodes a second take a sixth of a core. */
const MAX_PER_SECOND = 1_000;
/** Beside the nodes that hold leaders, so that another one can answer. */
const REFERENCES = 2;

interface Watched {
  readonly address: string;
  readonly probe: TargetProbe;
  signs: PortSigns;
  isDisproved: boolean;
}

const noSigns: PortSigns = { answeredAt: null, failingFrom: null, failures: 0 };

export function createPortCheck(options: PortCheckOptions): PortCheck {
  const { clock, random, network, mayProbe } = options;
  const watched = new Map<string, Watched>();
  const lag = createLagMonitor(clock, options.onStoodStill);
  const pace = createPace(MAX_PER_SECOND, clock.monotonic);
  const { port } = options;
  const timing = { intervalMs: INTERVAL_MS, timeoutMs: TIMEOUT_MS, failureThreshold: 3, successThreshold: 1 };
  const check: TimedCheck = { scheme: 'tcp', port, target: '', raw: `tcp://:${port}`, ...timing };

  function count(node: string, result: ProbeResult): void {
    const one = watched.get(node);
    if (one === undefined || result.kind === 'void') return;
    const now = clock.monotonic();
    if (result.kind === 'failed' && (result.detail === 'timeout' || result.detail === 'unreachable')) {
      if (one.isDisproved) return;
      const { failingFrom, failures } = one.signs;
      // It began when the connection was begun. No renewal may have come since.
      one.signs = { ...one.signs, failingFrom: failingFrom ?? now - TIMEOUT_MS, failures: failures + 1 };
    } else {
      one.isDisproved = false;
      one.signs = { answeredAt: now, failingFrom: null, failures: 0 };
    }
    options.onSigns();
  }

  function start(node: string, address: string): void {
    const probe = createTargetProbe(
      { uid: node, address },
      { rank: 'rival', check },
      {
        ...{ clock, random, network, lag, pace, repeatMs: INTERVAL_MS },
        onResult: (result) => count(node, result),
        onStanding() {},
        onStoodStill: options.onStoodStill,
      },
    );
    watched.set(node, { address, probe, signs: noSigns, isDisproved: false });
  }

  function stop(node: string): void {
    watched.get(node)?.probe.close();
    watched.delete(node);
  }

  return {
    setTargets(targets) {
      const wanted = chooseTargets(targets.filter(({ address }) => mayProbe(address)));
      for (const [node, { address, signs }] of watched) {
        const isWanted = wanted.get(node) === address;
        // It is asked on when its leader has left it, or it would count as alive again.
        const isInDoubt = signs.failures > 0 && !wanted.has(node);
        if (!isWanted && !isInDoubt) stop(node);
      }
      for (const [node, address] of wanted) if (!watched.has(node)) start(node, address);
    },
    signsOf: (node) => watched.get(node)?.signs,
    noteRenewal(node) {
      const one = watched.get(node);
      if (one === undefined || one.signs.failures === 0) return;
      one.isDisproved = true;
      one.signs = { ...one.signs, failingFrom: null, failures: 0, answeredAt: null };
    },
    restart() {
      for (const one of watched.values()) one.signs = { ...one.signs, failingFrom: null, failures: 0 };
    },
    close() {
      for (const node of [...watched.keys()]) stop(node);
      lag.close();
    },
  };
}

/** Of each node with a leader the first address by text, and a few nodes beside them. */
function chooseTargets(targets: readonly NodeAddress[]): ReadonlyMap<string, string> {
  const inOrder = targets.toSorted((a, b) => compare(a.node, b.node) || compare(a.address, b.address));
  const chosen = new Map<string, string>();
  const add = ({ node, address }: NodeAddress): void => {
    if (!chosen.has(node)) chosen.set(node, address);
  };
  for (const target of inOrder) if (target.holdsLeader) add(target);
  const enough = chosen.size + REFERENCES;
  for (const target of inOrder) if (chosen.size < enough) add(target);
  return chosen;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
