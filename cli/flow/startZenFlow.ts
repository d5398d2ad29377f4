/** Starts bridge and functions of flows in one process, where events pass in memory. */

import { type FlowBridge, type FlowBridgeOptions, startFlowBridge } from '../../bridge/startFlowBridge.ts';
import { createInProcessFlowSink } from '../../functions/flows/inProcessFlowSink.ts';

export function startZenFlow(options: Omit<FlowBridgeOptions, 'sink' | 'sinkUrl'>): FlowBridge {
  const { api, log, flowMetrics: metrics, clock } = options;
  return startFlowBridge({
    ...options,
    sink: createInProcessFlowSink({ api, log, metrics, now: clock?.now ?? Date.now }),
  });
}
