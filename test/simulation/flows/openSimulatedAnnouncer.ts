/** The announcer that we ship, with an EVENTS_SINK on the simulated network. */

import { createFlowAnnouncer, type FlowAnnouncer } from '../../../functions/flows/flowAnnouncer.ts';
import { ZenLeadError } from '../../../lib/errors.ts';
import type { FlowAnnouncement } from '../../../lib/flow/events/toFlowAnnouncement.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import type { Network } from '../network.ts';
import type { Process, Scheduler } from '../scheduler.ts';
import { sharedFlowMetrics } from '../sharedMetrics.ts';

interface SimulatedSink {
  readonly process: Process;
  readonly scheduler: Scheduler;
  readonly network: Network;
  /** It has arrived. The answer may get lost. */
  onTold(event: FlowAnnouncement): void;
}

export function openSimulatedAnnouncer({ process, scheduler, network, onTold }: SimulatedSink): FlowAnnouncer {
  return createFlowAnnouncer({
    clusterName: 'simulated',
    metrics: sharedFlowMetrics,
    log: silentLogger,
    now: process.clock.now,
    timeoutSignal(timeoutMs) {
      const controller = new AbortController();
      process.schedule(timeoutMs, () => controller.abort());
      return controller.signal;
    },
    eventsSink: (event, signal) =>
      new Promise((resolve, reject) => {
        const fail = (): void => reject(new ZenLeadError('SINK_UNAVAILABLE', 'no answer', { retry: 'later' }));
        signal.addEventListener('abort', fail, { once: true });
        const thereMs = network.delayMs(process.name, 'events', 1_000);
        if (thereMs === null) return;
        scheduler.schedule(thereMs, () => {
          onTold(event);
          const backMs = network.delayMs('events', process.name, 1_000);
          if (backMs !== null) process.schedule(backMs, resolve);
        });
      }),
  });
}
