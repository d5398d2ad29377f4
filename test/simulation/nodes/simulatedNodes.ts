/**
 * SimulatedNodes: the nodes on which the pods of a run stand, their kubelets, which renew Leases in
 * etcd, and their kernels, which answer connections.
 *
 * Guarantees: draws nothing, so a history follows from what is done to it. Keeps when each node was
 * broken, for the checks.
 * Does not lose connections but where a link is cut. Three that are lost in a row, while no Lease
 * is renewed, look like a dead node to any observer.
 */

import type { ProbeNetwork } from '../../../bridge/probes/network.ts';
import { failed, type ProbeResult, passed } from '../../../bridge/probes/probe.ts';
import { leaseRetry } from '../../support/simulated/aNodeApi.ts';
import type { Etcd } from '../etcd.ts';
import type { Metadata } from '../kubeObject.ts';
import type { Network } from '../network.ts';
import type { Process, Scheduler } from '../scheduler.ts';

export interface NodeSettings {
  /** `node-0` and so on. */
  readonly names: readonly string[];
  /** Absent where bridges open no connection. */
  readonly checkPort?: number;
}

export interface SimulatedNodes extends NodeSettings {
  start(): void;
  addressOf(name: string): string;
  networkOf(process: Process): ProbeNetwork;
  /** The node is gone: no renewal, no answer, neither its own nor of its pods. */
  die(name: string): void;
  /** The kubelet renews no more, and all else works. */
  freezeKubelet(name: string): void;
  comeBack(name: string): void;
  isDead(name: string | undefined): boolean;
  /** Neither dead nor with a kubelet that stands still. */
  working(): readonly string[];
  /** The API server takes no renewal until then, but of that node. */
  stopLeases(untilAt: number, except?: string): void;
  setCordoned(name: string, isCordoned: boolean): void;
  setCondition(name: string, condition: string | null): void;
  /** It was broken at some instant since then. */
  wasBroken(name: string, since: number): boolean;
  heal(): void;
}

/** As kubelets renew with `nodeLeaseDurationSeconds: 8`. */
export const RENEW_MS = 2_000;
/** Of the conditions that a node may get, the one that makes it unfit. */
export const UNFIT_CONDITION = 'KernelDeadlock';
const LEASE_NAMESPACE = 'kube-node-lease';
const ANSWER_MS = 2;

interface Break {
  readonly from: number;
  until: number;
  readonly isDead: boolean;
}

/** The name of a node in links that are cut. */
export function nodeLink(name: string): string {
  return `kernel of ${name}`;
}

export function createSimulatedNodes(
  { names, ...settings }: NodeSettings,
  parts: { readonly etcd: Etcd; readonly network: Network; readonly scheduler: Scheduler; isApiUp(): boolean },
): SimulatedNodes {
  const { etcd, network, scheduler } = parts;
  const { now } = scheduler;
  const breaks = new Map<string, Break[]>(names.map((name) => [name, []]));
  let leasesStopUntil = Number.NEGATIVE_INFINITY;
  let leasesStopFrom = Number.NEGATIVE_INFINITY;
  let notStopped: string | undefined;
  let renewals = 0;

  const addressOf = (name: string): string => `10.1.0.${names.indexOf(name) + 1}`;
  const breakOf = (name: string): Break | undefined => {
    const last = breaks.get(name)?.at(-1);
    return last !== undefined && last.until === Number.POSITIVE_INFINITY ? last : undefined;
  };

  function put(
    plural: 'nodes' | 'leases',
    {
      metadata,
      ...fields
    }: { readonly metadata: Partial<Metadata> & { readonly name: string }; [field: string]: unknown },
  ): void {
    const known = etcd.read(plural, metadata.name);
    const full = { uid: `uid-${metadata.name}`, ...known?.metadata, ...metadata };
    etcd.put(plural, { ...known, ...fields, metadata: full as Metadata });
  }

  /**
   * A kubelet that reaches no API server tries again sooner than its next renewal, and then later.
   */
  function renew(name: string, retryMs: number = leaseRetry.firstMs): void {
    renewals += 1;
    const isWorking = breakOf(name) === undefined;
    if (isWorking && !parts.isApiUp()) {
      scheduler.schedule(retryMs, () => renew(name, Math.min(2 * retryMs, leaseRetry.lastMs)));
      return;
    }
    const isTaken = now() >= leasesStopUntil || name === notStopped;
    if (isWorking && isTaken)
      put('leases', { metadata: { name, namespace: LEASE_NAMESPACE }, spec: { leaseTransitions: renewals } });
    scheduler.schedule(RENEW_MS, () => renew(name));
  }

  function breakNode(name: string, isDead: boolean): void {
    if (breakOf(name) === undefined) breaks.get(name)?.push({ from: now(), until: Number.POSITIVE_INFINITY, isDead });
  }

  function comeBack(name: string): void {
    const last = breakOf(name);
    if (last !== undefined) last.until = now();
  }

  function setCordoned(name: string, isCordoned: boolean): void {
    put('nodes', { metadata: { name }, spec: isCordoned ? { unschedulable: true } : {} });
  }

  function setCondition(name: string, condition: string | null): void {
    const conditions = condition === null ? [] : [{ type: condition, status: 'True' }];
    put('nodes', { metadata: { name }, status: { conditions } });
  }

  return {
    names,
    ...settings,
    start() {
      for (const [at, name] of names.entries()) {
        put('nodes', { metadata: { name } });
        scheduler.schedule((at * RENEW_MS) / names.length, () => renew(name));
      }
    },
    addressOf,
    networkOf: (process) => ({
      probe: ({ address }, signal) =>
        new Promise<ProbeResult>((resolve) => {
          signal.addEventListener('abort', () => resolve(failed('timeout')), { once: true });
          const name = names.find((each) => addressOf(each) === address);
          if (name === undefined) return;
          if (network.isCut(process.name, nodeLink(name))) return;
          process.schedule(ANSWER_MS, () => {
            if (breakOf(name)?.isDead !== true) resolve(passed);
          });
        }),
      hold: () => ({ session: null, close: () => undefined }),
    }),
    die: (name) => breakNode(name, true),
    freezeKubelet: (name) => breakNode(name, false),
    comeBack,
    isDead: (name) => name !== undefined && breakOf(name)?.isDead === true,
    working: () => names.filter((name) => breakOf(name) === undefined),
    stopLeases(untilAt, except) {
      notStopped = except;
      if (now() >= leasesStopUntil + RENEW_MS) leasesStopFrom = now();
      leasesStopUntil = Math.max(leasesStopUntil, untilAt);
    },
    setCordoned,
    setCondition,
    wasBroken(name, since) {
      // One that came back while no Lease was renewed is heard no sooner than the others.
      const isStopped = since < leasesStopUntil + RENEW_MS;
      const countsFrom = isStopped ? Math.min(since, leasesStopFrom - RENEW_MS) : since;
      return (breaks.get(name) ?? []).some(({ until }) => until >= countsFrom);
    },
    heal() {
      leasesStopUntil = Number.NEGATIVE_INFINITY;
      for (const name of names) {
        comeBack(name);
        setCordoned(name, false);
        setCondition(name, null);
      }
    },
  };
}
