/**
 * startFlowBridge, startFlowHttpBridge: watch flows, their records and their Jobs, and send an
 * event for each change that may lead a flow on.
 *
 * Guarantees: as startBridge. No event about a namespace leaves before every list of it is
 * complete.
 */

import type { FlowEvent, FlowReply } from '../lib/flow/events/flowEvent.ts';
import { type PackedSnapshot, packSnapshot } from '../lib/flow/events/packSnapshot.ts';
import type { ParsedFlowReply } from '../lib/flow/events/parseFlowReply.ts';
import type { FlowMetrics } from '../lib/telemetry/flowMetrics.ts';
import { systemClock } from './clock.ts';
import { createFlowDomain, type FlowDomain } from './flows/flowDomain.ts';
import { registerFlowGauges } from './flows/flowGauges.ts';
import type { FlowStore } from './flows/flowStore.ts';
import type { Ask } from './queue/recheck.ts';
import { type DomainOptions, type RunningDomain, startDomain } from './startDomain.ts';

interface OwnOptions {
  readonly flowMetrics: FlowMetrics;
}

export type FlowBridgeOptions = DomainOptions<FlowEvent, FlowReply> & OwnOptions;

export type FlowHttpBridgeOptions = DomainOptions<FlowEvent<PackedSnapshot>, ParsedFlowReply> & OwnOptions;

/** `sources` and `viewOf`: for what shows flows. */
export type FlowBridge = Pick<RunningDomain<never>, 'readiness' | 'close'> & Pick<FlowStore, 'sources' | 'viewOf'>;

/** To functions in the same process. */
export function startFlowBridge(options: FlowBridgeOptions): FlowBridge {
  return start(
    createFlowDomain((snapshot) => snapshot),
    options,
  );
}

/** To functions elsewhere. */
export function startFlowHttpBridge(options: FlowHttpBridgeOptions): FlowBridge {
  return start(createFlowDomain(packSnapshot), options);
}

function start<Snapshot, R extends { readonly data: Ask }>(
  domain: FlowDomain<Snapshot>,
  options: DomainOptions<FlowEvent<Snapshot>, R> & OwnOptions,
): FlowBridge {
  const { flowMetrics, clock = systemClock } = options;
  const running = startDomain(domain, options);
  registerFlowGauges(flowMetrics, domain.store, clock, running);
  const { sources, viewOf } = domain.store;
  return { readiness: running.readiness, close: running.close, sources, viewOf };
}
