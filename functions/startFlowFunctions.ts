/** startFlowFunctions: serves the functions of flows over HTTP. */

import type { FlowMetrics } from '../lib/telemetry/flowMetrics.ts';
import { type FlowAnnouncing, openFlowAnnouncer } from './flows/flowAnnouncer.ts';
import { createFlowHandler } from './flows/flowHandler.ts';
import { createNewsDesk, type NewsDesk } from './flows/newsDesk.ts';
import { type Functions, type ServeOptions, serveFunctions } from './serveFunctions.ts';

export interface FlowFunctionsOptions extends ServeOptions, FlowAnnouncing {
  readonly clusterName: string;
  readonly flowMetrics: FlowMetrics;
  /** Flows whose hints are served at once. */
  readonly maxHints?: number | undefined;
}

export async function startFlowFunctions(options: FlowFunctionsOptions): Promise<Functions> {
  const { log, flowMetrics: metrics, maxHints, clusterName, now = Date.now } = options;
  const announcer = openFlowAnnouncer(options, { clusterName, metrics, log, now });
  let news: NewsDesk | undefined;
  const server = await serveFunctions(options, {
    effectOfSilence: 'no flow goes on',
    createHandler({ api }) {
      news = createNewsDesk({ api, log, metrics, now });
      return createFlowHandler({ api, log, metrics, now, announcer, maxHints, news });
    },
  });
  return {
    ...server,
    async close() {
      await server.close();
      await news?.close();
    },
  };
}
