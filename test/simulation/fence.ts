/**
 * Fence: declares the seams at which the simulation takes one protection away, to prove that it
 * would notice. Production code has no such switch. A fence wraps what a process is given anyway.
 */

import type { Clock } from '../../bridge/clock.ts';
import type { judgeNodes } from '../../bridge/nodes/judgeNodes.ts';
import type { Bridge } from '../../bridge/startBridge.ts';
import type { BridgeTuning } from '../../bridge/startDomain.ts';
import type { WhyHint } from '../../functions/reconcile/whyHint.ts';
import type { Sink } from '../../lib/events/sink.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';

export interface Fence {
  readonly wrapFunctionApi: (api: KubeApi) => KubeApi;
  readonly wrapFunction: (handle: Sink) => Sink;
  /** Between a bridge and the network. */
  readonly wrapSink: (sink: Sink, bridge: () => Bridge) => Sink;
  /** What a bridge takes for the time. */
  readonly wrapClock: (clock: Clock) => Clock;
  /** Instead of what the simulation tunes a bridge with. */
  readonly tuning: BridgeTuning;
  readonly hints: { readonly whyHint?: WhyHint };
  /** Instead of what a bridge makes of the signs of nodes. */
  readonly nodes: { readonly judge?: typeof judgeNodes };
}

export const allFences: Fence = {
  wrapFunctionApi: (api) => api,
  wrapFunction: (handle) => handle,
  wrapSink: (sink) => sink,
  wrapClock: (clock) => clock,
  tuning: {},
  hints: {},
  nodes: {},
};
