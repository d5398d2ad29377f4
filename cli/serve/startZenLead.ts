/**
 * Starts bridge and functions in one process, where events pass in memory.
 */

import { type Bridge, type BridgeOptions, startBridge } from '../../bridge/startBridge.ts';
import type { FunctionDeps } from '../../functions/functionDeps.ts';
import { createInProcessSink } from '../../functions/inProcessSink.ts';

interface ZenLeadOptions
  extends FunctionDeps,
    Pick<
      BridgeOptions,
      'lease' | 'onDelivery' | 'onConcern' | 'onPod' | 'checks' | 'nodes' | 'tuning' | 'deadLetterSink' | 'schemasUrl'
    > {
  /** Empty for all. */
  readonly namespaces: readonly string[];
}

export function startZenLead(options: ZenLeadOptions): Bridge {
  return startBridge({ ...options, sink: createInProcessSink(options) });
}
