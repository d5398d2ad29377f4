/**
 * Bridge and functions in one process, events handed over in memory: what `zen-lead run` serves and the demo shows.
 */

import { type Bridge, type BridgeOptions, startBridge } from '../../bridge/startBridge.ts';
import type { FunctionDeps } from '../../functions/functionDeps.ts';
import { createInProcessSink } from '../../functions/inProcessSink.ts';

interface ZenLeadOptions extends FunctionDeps, Pick<BridgeOptions, 'lease' | 'onDelivery' | 'onConcern'> {
  /** Empty: all. */
  readonly namespaces: readonly string[];
}

export function startZenLead(options: ZenLeadOptions): Bridge {
  return startBridge({ ...options, sink: createInProcessSink(options) });
}
