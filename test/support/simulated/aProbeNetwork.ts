/**
 * AProbeNetwork: pods that a prober can ask, on a clock that is moved by hand.
 */

import type { Held, ProbeNetwork } from '../../../bridge/probes/network.ts';
import { type Endpoint, failed, type ProbeResult, passed } from '../../../bridge/probes/probe.ts';
import type { VirtualClock } from './virtualClock.ts';

/**
 * A hung target answers nothing. One that is stopped answers once it does something else. Any other
 * one answers after 1 ms.
 */
export type Behaviour = ProbeResult | 'hangs' | 'stopped';

export interface SimulatedProbe {
  readonly address: string;
  /** Since the network was made, in milliseconds. */
  readonly at: number;
  /** It went over the connection that the prober holds. */
  readonly isOnHeld: boolean;
}

export interface SimulatedNetwork extends ProbeNetwork {
  readonly probes: readonly SimulatedProbe[];
  readonly holds: readonly { readonly address: string; readonly at: number }[];
  /** How many probes of one address ever were in flight together, at most. */
  mostAtOnce(): number;
  openHolds(): readonly string[];
  inFlight(): number;
  /** What this address does from now on; without one it passes. */
  set(address: string, behaviour: Behaviour): void;
  /** The pod's kernel closes the connections that are held. */
  cut(address: string): void;
  /** When this address was asked, in milliseconds. */
  askedAt(address: string): readonly number[];
}

const ANSWER_MS = 1;

export function aProbeNetwork(clock: VirtualClock): SimulatedNetwork {
  const startedAt = clock.monotonic();
  const behaviours = new Map<string, Behaviour>();
  const probes: SimulatedProbe[] = [];
  const holds: { address: string; at: number }[] = [];
  const held = new Map<Held, { address: string; onClose: () => void }>();
  const inFlight = new Map<string, number>();
  const stopped = new Map<string, ((result: ProbeResult) => void)[]>();
  let most = 0;
  const now = (): number => clock.monotonic() - startedAt;

  function count(address: string, change: number): void {
    const after = (inFlight.get(address) ?? 0) + change;
    inFlight.set(address, after);
    most = Math.max(most, after);
  }

  return {
    probes,
    holds,
    mostAtOnce: () => most,
    openHolds: () => [...held.values()].map(({ address }) => address),
    inFlight: () => [...inFlight.values()].reduce((sum, each) => sum + each, 0),
    set(address, behaviour) {
      behaviours.set(address, behaviour);
      if (behaviour === 'hangs' || behaviour === 'stopped') return;
      for (const settle of stopped.get(address) ?? []) settle(behaviour);
      stopped.delete(address);
    },
    cut(address) {
      for (const [each, { address: of, onClose }] of held)
        if (of === address) {
          held.delete(each);
          onClose();
        }
    },
    askedAt: (address) => probes.filter((probe) => probe.address === address).map(({ at }) => at),
    probe({ address }: Endpoint, signal, on) {
      probes.push({ address, at: now(), isOnHeld: on !== null });
      count(address, 1);
      const { promise, resolve } = Promise.withResolvers<ProbeResult>();
      let isSettled = false;
      const settle = (result: ProbeResult): void => {
        if (isSettled) return;
        isSettled = true;
        cancel();
        count(address, -1);
        resolve(result);
      };
      const cancel = clock.setTimer(() => {
        const behaviour = behaviours.get(address) ?? passed;
        if (behaviour === 'stopped') stopped.set(address, [...(stopped.get(address) ?? []), settle]);
        else if (behaviour !== 'hangs') settle(behaviour);
      }, ANSWER_MS);
      signal.addEventListener('abort', () => settle(failed('timeout')));
      return promise;
    },
    hold({ address }, onClose) {
      holds.push({ address, at: now() });
      const one: Held = { session: null, close: () => held.delete(one) };
      held.set(one, { address, onClose });
      return one;
    },
  };
}
