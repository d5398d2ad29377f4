/**
 * Checks whether a Service may have the ClusterIPs and node ports that it ended up with. It comes
 * last, as allocation does in the real server.
 */

import type { ApiState } from '../apiState.ts';
import { type FieldError, invalidValue } from '../fieldError.ts';
import { listAt, numberAt, textAt, textsAt } from '../json.ts';
import type { Kind } from '../kind.ts';
import type { KubeObject } from '../kubeObject.ts';

export function addressErrors(state: ApiState, kind: Kind, key: string, object: KubeObject): readonly FieldError[] {
  if (kind.collection !== 'services') return [];
  const ips = textsAt(object, 'spec', 'clusterIPs').filter((ip) => ip !== 'None');
  for (const ip of ips) {
    const problem = state.addresses.clusterIpProblem(ip, key);
    if (problem !== undefined) return [invalidValue('spec.clusterIPs', ips, `failed to allocate IP ${ip}: ${problem}`)];
  }
  return listAt(object, 'spec', 'ports').flatMap((port, index) => {
    const nodePort = numberAt(port, 'nodePort') ?? 0;
    if (nodePort === 0) return [];
    const problem = state.addresses.nodePortProblem(nodePort, textAt(port, 'protocol') ?? 'TCP', key);
    return problem === undefined ? [] : [invalidValue(`spec.ports[${index}].nodePort`, nodePort, problem)];
  });
}
