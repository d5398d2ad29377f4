/**
 * resolvePorts: resolves the target ports of a Service to numbers on one pod.
 *
 * Named ports may differ between pods. So ports are resolved on the chosen pod and change in the
 * same write.
 * Source: https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
 */

import type { Candidate, ServicePort, SlicePort } from './snapshot.ts';

export interface ResolvedPorts {
  readonly ports: readonly SlicePort[];
  /**
   * Names that the pod does not have under that protocol, in the order of the Service's ports, no
   * duplicates.
   */
  readonly missing: readonly string[];
}

/** Without a pod only numeric target ports resolve, and nothing counts as missing. */
export function resolvePorts(servicePorts: readonly ServicePort[], pod: Candidate | null): ResolvedPorts {
  const ports: SlicePort[] = [];
  const missing = new Set<string>();
  for (const { name, protocol, targetPort, appProtocol } of servicePorts) {
    const port =
      typeof targetPort === 'number'
        ? targetPort
        : pod?.ports.find((named) => named.name === targetPort && named.protocol === protocol)?.port;
    if (port !== undefined) ports.push({ name, port, protocol, ...(appProtocol !== undefined && { appProtocol }) });
    else if (pod !== null) missing.add(String(targetPort));
  }
  return { ports, missing: [...missing] };
}
