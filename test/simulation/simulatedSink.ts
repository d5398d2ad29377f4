/**
 * createSimulatedSink: stands between one bridge and the functions, as a load balancer and a
 * network that delays, loses and doubles.
 *
 * It checks S5, because it knows what a bridge has sent and what answers arrived.
 */

import { ZenLeadError } from '../../lib/errors.ts';
import type { ReconcileEvent } from '../../lib/events/reconcileEvent.ts';
import type { Sink, SinkAnswer } from '../../lib/events/sink.ts';
import type { FunctionReplica } from './functionReplica.ts';
import { MAX_EVENT_DELAY_MS, type Network } from './network.ts';
import type { Random } from './random.ts';
import type { Process, Scheduler } from './scheduler.ts';

export type Receiver = Pick<FunctionReplica, 'process' | 'handle'>;

export interface SimulatedSinkOptions {
  readonly bridge: Process;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly random: Random;
  functions(): readonly Receiver[];
  /** Events are refused on the way, for good, so that each becomes a dead letter. */
  isRefusing(): boolean;
  /**
   * Gets every event that the bridge sends. Returns a function to call when the bridge has learned
   * its outcome.
   */
  onSent(event: ReconcileEvent): () => void;
  onAnswer(event: ReconcileEvent, answer: string): void;
}

/** A way on which nothing is refused, and which is not looked at. */
export const unseen = {
  isRefusing: () => false,
  onSent: () => () => undefined,
  onAnswer: () => undefined,
} satisfies Partial<SimulatedSinkOptions>;

export function createSimulatedSink(options: SimulatedSinkOptions): Sink {
  const { bridge, scheduler, network, random } = options;

  /** One copy of an event, on its way to one function. */
  function send(event: ReconcileEvent, target: Receiver, abort: AbortSignal, tell: (settle: Settle) => void): void {
    const { process } = target;
    const controller = new AbortController();
    const giveUp = (): void => {
      const delayMs = network.delayMs(bridge.name, process.name, MAX_EVENT_DELAY_MS);
      if (delayMs !== null) process.schedule(delayMs, () => controller.abort());
    };
    const answer = (settle: Settle): void => {
      const delayMs = network.delayMs(process.name, bridge.name, MAX_EVENT_DELAY_MS);
      if (delayMs !== null) bridge.schedule(delayMs, () => tell(settle));
      else if (network.happens(0.5)) bridge.schedule(5, () => tell({ error: connectionLost() }));
    };
    const arrive = (): void => {
      if (!process.isAlive()) {
        answer({ error: new ZenLeadError('SINK_UNREACHABLE', 'connection refused', { retry: 'later' }) });
        return;
      }
      if (options.isRefusing()) {
        answer({ value: { status: 403, detail: 'refused on the way' } });
        return;
      }
      process.schedule(0, () => {
        abort.addEventListener('abort', giveUp, { once: true });
        target.handle(event, controller.signal).then(
          (value) => answer({ value }),
          () => answer({ error: connectionLost() }),
        );
      });
    };
    const delayMs = network.delayMs(bridge.name, process.name, MAX_EVENT_DELAY_MS);
    if (delayMs !== null) scheduler.schedule(delayMs, arrive);
    else if (network.happens(0.5)) bridge.schedule(5, () => tell({ error: connectionLost() }));
  }

  return (event, signal) => {
    const onTold = options.onSent(event);
    return new Promise<SinkAnswer>((resolve, reject) => {
      const target = random.pickAny(options.functions());
      if (target === undefined) {
        onTold();
        reject(new ZenLeadError('SINK_UNREACHABLE', 'there is no function yet', { retry: 'later' }));
        return;
      }
      const onAbort = (): void => reject(new ZenLeadError('ABORTED', 'given up', { retry: 'never' }));
      signal.addEventListener('abort', onAbort, { once: true });
      send(event, target, signal, ({ value, error }) => {
        signal.removeEventListener('abort', onAbort);
        options.onAnswer(
          event,
          value === undefined ? `${error?.code}` : `${value.status} ${value.reply?.data.reason ?? value.detail}`,
        );
        if (value !== undefined && !signal.aborted) {
          onTold();
          resolve(value);
        } else if (error?.code === 'SINK_UNREACHABLE') onTold();
        if (error !== undefined) reject(error);
      });
      // A proxy sends again what it took for lost, any time later, to any function. No sender waits
      // for the answer.
      const copyTo = random.pickAny(options.functions());
      if (copyTo === undefined || !network.happens(network.conditions().doubleRate)) return;
      const lateMs = random.chance(0.5) ? random.between(0, 50) : random.between(50, MAX_EVENT_DELAY_MS);
      network.holdBack(lateMs);
      scheduler.schedule(lateMs, () => send(event, copyTo, new AbortController().signal, () => undefined));
    });
  };
}

interface Settle {
  readonly value?: SinkAnswer;
  readonly error?: ZenLeadError;
}

function connectionLost(): ZenLeadError {
  return new ZenLeadError('SINK_UNAVAILABLE', 'the connection was lost', { retry: 'later' });
}
