/**
 * Bridge and functions in one process, events handed over in memory: what `zen-lead run` serves and the demo shows.
 */

import { type Bridge, startBridge } from '../bridge/startBridge.ts';
import type { FunctionDeps } from '../functions/functionDeps.ts';
import { createInProcessSink } from '../functions/inProcessSink.ts';

export interface ZenLeadOptions extends FunctionDeps {
  /** Empty: all. */
  readonly namespaces: readonly string[];
}

export function startZenLead({ namespaces, ...deps }: ZenLeadOptions): Bridge {
  return startBridge({ ...deps, namespaces, sink: createInProcessSink(deps) });
}
