/**
 * startBridgeReplica: starts one bridge process, which is the whole real bridge on a simulated API
 * server, sink and clock.
 */

import type { Clock } from '../../bridge/clock.ts';
import type { NodeHealthOptions } from '../../bridge/nodes/nodeHealth.ts';
import type { ProbeNetwork } from '../../bridge/probes/network.ts';
import { type Bridge, startBridge } from '../../bridge/startBridge.ts';
import type { BridgeTuning } from '../../bridge/startDomain.ts';
import type { Sink } from '../../lib/events/sink.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { silentLogger } from '../../lib/telemetry/logger.ts';
import { NAMESPACE } from './kubeObject.ts';
import type { Random } from './random.ts';
import type { Process } from './scheduler.ts';
import { sharedMetrics } from './sharedMetrics.ts';

export interface BridgeReplica {
  readonly process: Process;
  readonly bridge: Bridge;
}

/**
 * A watch that the server ends is routine, so it should happen often; a resync every 30 s, with
 * ticks that cost few steps.
 */
const tuning = { resync: { periodMs: 30_000, tickMs: 1_000 }, watches: { watchMinSeconds: 20 } };

export interface BridgeReplicaOptions {
  readonly process: Process;
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  /** Between its prober and the pods. */
  readonly podNetwork: ProbeNetwork;
  /** Absent where it watches none. */
  readonly nodes: NodeHealthOptions | undefined;
  /** Given a way to the bridge, which does not exist yet when its sink is made. */
  makeSink(bridge: () => Bridge): Sink;
  /** Instead of what the simulation tunes a bridge with. */
  readonly tuning: BridgeTuning;
  /** Empty where it watches the whole cluster. */
  readonly namespaces: readonly string[];
  /**
   * The identity with which it asks for the Lease. Null without a Lease, so that every replica
   * sends.
   */
  readonly identity: string | null;
  /** Goes on while the process is frozen. */
  monotonicNow(): number;
}

export function startBridgeReplica(options: BridgeReplicaOptions): BridgeReplica {
  const { process, api, random, podNetwork, identity, monotonicNow } = options;
  const bridge: Bridge = startBridge({
    api,
    sink: options.makeSink(() => bridge),
    // Never connected to: a URL says that events go over a wire, with its size limit and its
    // time-outs.
    sinkUrl: 'http://functions.simulated',
    clusterName: 'simulated',
    namespaces: options.namespaces,
    metrics: sharedMetrics,
    log: silentLogger,
    clock: options.clock,
    random: random.next,
    checks: { probeHostNetwork: false, maxProbesPerSecond: 2_000, network: podNetwork },
    nodes: options.nodes,
    tuning: { ...tuning, ...options.tuning },
    lease: identity === null ? undefined : { namespace: NAMESPACE, name: 'zen-lead', identity, monotonicNow },
  });
  return { process, bridge };
}
