/**
 * startFlowBridge: watches flows, their records and their Jobs, and sends an event for each change
 * that may lead a flow on.
 *
 * Guarantees: as startBridge. No event about a namespace leaves before every list of it is
 * complete.
 */

import type { FlowEvent, FlowReply } from '../lib/flow/events/flowEvent.ts';
import { createFlowDomain } from './flows/flowDomain.ts';
import { type DomainOptions, type RunningDomain, startDomain } from './startDomain.ts';

export type FlowBridgeOptions = DomainOptions<FlowEvent, FlowReply>;

export type FlowBridge = Pick<RunningDomain<never>, 'readiness' | 'close'>;

export function startFlowBridge(options: FlowBridgeOptions): FlowBridge {
  return startDomain(createFlowDomain(), options);
}
