/** startFlowFunctions: serves the functions of flows over HTTP. */

import type { FlowMetrics } from '../lib/telemetry/flowMetrics.ts';
import { createFlowHandler } from './flows/flowHandler.ts';
import { type Functions, type ServeOptions, serveFunctions } from './serveFunctions.ts';

export interface FlowFunctionsOptions extends ServeOptions {
  readonly flowMetrics: FlowMetrics;
  /** Flows whose hints are served at once. */
  readonly maxHints?: number | undefined;
}

export async function startFlowFunctions(options: FlowFunctionsOptions): Promise<Functions> {
  const { log, flowMetrics: metrics, maxHints, now = Date.now } = options;
  return serveFunctions(options, {
    effectOfSilence: 'no flow goes on',
    createHandler: ({ api }) => createFlowHandler({ api, log, metrics, now, maxHints }),
  });
}
