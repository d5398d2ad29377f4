/**
 * Starts bridge and functions of flows and schedules in one process, where events pass in memory.
 */

import { type FlowBridge, type FlowBridgeOptions, startFlowBridge } from '../../bridge/startFlowBridge.ts';
import { startScheduleBridge } from '../../bridge/startScheduleBridge.ts';
import { type FlowAnnouncing, openFlowAnnouncer } from '../../functions/flows/flowAnnouncer.ts';
import { createInProcessFlowSink } from '../../functions/flows/inProcessFlowSink.ts';
import { createNewsDesk } from '../../functions/flows/newsDesk.ts';
import { createInProcessScheduleSink } from '../../functions/schedules/inProcessScheduleSink.ts';

export function startZenFlow(options: Omit<FlowBridgeOptions, 'sink' | 'sinkUrl'> & FlowAnnouncing): FlowBridge {
  const { api, clusterName, log, flowMetrics: metrics, clock } = options;
  const deps = { api, log, metrics, now: clock?.now ?? Date.now };
  const announcer = openFlowAnnouncer(options, { ...deps, clusterName });
  const news = createNewsDesk(deps);
  const flows = startFlowBridge({ ...options, sink: createInProcessFlowSink({ ...deps, announcer, news }) });
  const { namespaces, tracing } = options;
  const schedules = startScheduleBridge({
    ...{ api, clusterName, namespaces, log, tracing },
    ...(clock !== undefined && { clock }),
    sink: createInProcessScheduleSink(deps),
  });
  return {
    ...flows,
    async close() {
      await schedules.close();
      await flows.close();
      await news.close();
    },
  };
}
