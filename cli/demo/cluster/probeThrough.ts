/**
 * probeThrough: the network of the prober in the demo, where a pod's address stands for a local
 * port. zen-lead itself refuses to probe loopback. So the demo says here, in code, where its pods
 * are.
 */

import type { HealthCheckOptions } from '../../../bridge/leaders/healthChecks.ts';
import { network } from '../../../bridge/probes/network.ts';
import { type Endpoint, failed } from '../../../bridge/probes/probe.ts';
import type { PodNetwork } from './podNetwork.ts';

export function probeThrough(pods: PodNetwork): NonNullable<HealthCheckOptions['network']> {
  function toLocal({ address, check }: Endpoint): Endpoint | null {
    const port = pods.localPort(address, check.port);
    return port === undefined ? null : { address: '127.0.0.1', check: { ...check, port } };
  }
  return {
    async probe(endpoint, signal, held) {
      const local = toLocal(endpoint);
      return local === null ? failed('refused') : network.probe(local, signal, held);
    },
    hold(endpoint, onClose) {
      const local = toLocal(endpoint);
      if (local !== null) return network.hold(local, onClose);
      setImmediate(onClose);
      return { session: null, close: () => {} };
    },
  };
}
