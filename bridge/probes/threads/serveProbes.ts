/**
 * serveProbes: is the thread's side of probeThreads.ts. It asks pods, and holds connections to
 * them.
 *
 * Guarantees: a failure is void where this thread was late by more than a quarter of the time-out,
 * within one time-out before it (S11), as in the process itself.
 */

import type { MessagePort } from 'node:worker_threads';
import { systemClock } from '../../clock.ts';
import { createLagMonitor } from '../lagMonitor.ts';
import { type Held, type ProbeNetwork, network as systemNetwork } from '../network.ts';
import { isVoid, type ProbeResult } from '../probe.ts';
import { createOutbox, type Order, type Word } from './threadMessages.ts';

export function serveProbes(port: MessagePort, network: ProbeNetwork = systemNetwork): void {
  const say = createOutbox<Word>((words) => port.postMessage(words));
  const lag = createLagMonitor(systemClock, () => undefined);
  const probing = new Map<number, AbortController>();
  const holding = new Map<number, Held>();

  function probe({ id, endpoint, timeoutMs, held }: Order & { readonly kind: 'probe' }): void {
    const controller = new AbortController();
    probing.set(id, controller);
    const meter = lag.start(timeoutMs);
    const end = (result: ProbeResult): void => {
      const isLate = meter.end();
      probing.delete(id);
      say({ kind: 'result', id, result: isLate && result.kind !== 'passed' ? isVoid : result });
    };
    const over = held === null ? null : (holding.get(held) ?? null);
    network.probe(endpoint, controller.signal, over).then(end, () => end(isVoid));
  }

  function hold(id: number, endpoint: (Order & { readonly kind: 'hold' })['endpoint']): void {
    const opened = network.hold(endpoint, () => {
      holding.delete(id);
      say({ kind: 'closed', id });
    });
    holding.set(id, opened);
  }

  port.on('message', (orders: readonly Order[]) => {
    for (const order of orders) {
      if (order.kind === 'probe') probe(order);
      else if (order.kind === 'abort') probing.get(order.id)?.abort();
      else if (order.kind === 'hold') hold(order.id, order.endpoint);
      else {
        holding.get(order.id)?.close();
        holding.delete(order.id);
      }
    }
  });
}
