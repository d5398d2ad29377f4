/**
 * Tracks which ClusterIPs and node ports are taken, and by which Service.
 *
 * It follows the stored Services, so that every removal frees the addresses.
 *
 * Guarantees: it picks the lowest free address, so that each run sees the same one. The real server
 * picks at random.
 *
 * Source: https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/ and the
 * --service-node-port-range default.
 */

import { isIPv6 } from 'node:net';
import { listAt, numberAt, textAt, textsAt } from './json.ts';
import type { KubeObject } from './kubeObject.ts';
import type { Store } from './revisionStore.ts';

export type IpFamily = 'IPv4' | 'IPv6';

export interface ServiceAddresses {
  readonly freeClusterIp: (family: IpFamily) => string;
  /** Undefined when the address is free or held by that Service itself. */
  readonly clusterIpProblem: (ip: string, serviceKey: string) => string | undefined;
  readonly freeNodePort: (besides: ReadonlySet<number>) => number;
  readonly nodePortProblem: (port: number, protocol: string, serviceKey: string) => string | undefined;
}

/**
 * 10.96.0.0/16 is kubeadm's range; fd00:10:96::/112 cannot be routed. `.1` is the API server's own
 * address.
 */
const firstHost = 2;
const lastHost = 65_534;
const nodePorts = { first: 30_000, last: 32_767 };

export function createServiceAddresses(store: Store): ServiceAddresses {
  const ips = new Map<string, string>();
  const ports = new Map<string, string>();
  store.subscribe('services', ({ type, entry, previous }) => {
    if (previous !== null) {
      for (const ip of clusterIpsOf(previous.object)) ips.delete(ip);
      for (const port of nodePortsOf(previous.object)) ports.delete(port);
    }
    if (type === 'DELETED') return;
    for (const ip of clusterIpsOf(entry.object)) ips.set(ip, entry.key);
    for (const port of nodePortsOf(entry.object)) ports.set(port, entry.key);
  });
  const nextHost: Record<IpFamily, number> = { IPv4: firstHost, IPv6: firstHost };

  return {
    freeClusterIp(family) {
      for (let tried = 0; tried <= lastHost; tried += 1) {
        const host = nextHost[family];
        nextHost[family] = host === lastHost ? firstHost : host + 1;
        const ip = family === 'IPv4' ? `10.96.${host >> 8}.${host & 255}` : `fd00:10:96::${host.toString(16)}`;
        if (!ips.has(ip)) return ip;
      }
      return '';
    },
    clusterIpProblem(ip, serviceKey) {
      const holder = ips.get(ip);
      if (holder === serviceKey) return undefined;
      if (holder !== undefined) return 'provided IP is already allocated';
      const isInside = isIPv6(ip) ? ip.startsWith('fd00:10:96::') : ip.startsWith('10.96.');
      return isInside ? undefined : 'the provided network does not match the current range';
    },
    freeNodePort(besides) {
      for (let port = nodePorts.first; port <= nodePorts.last; port += 1) {
        if (!besides.has(port) && !ports.has(`TCP/${port}`) && !ports.has(`UDP/${port}`)) return port;
      }
      return 0;
    },
    nodePortProblem(port, protocol, serviceKey) {
      if (port < nodePorts.first || port > nodePorts.last) {
        return `provided port is not in the valid range. The range of valid ports is ${nodePorts.first}-${nodePorts.last}`;
      }
      const holder = ports.get(`${protocol}/${port}`);
      return holder === undefined || holder === serviceKey ? undefined : 'provided port is already allocated';
    },
  };
}

function clusterIpsOf(service: KubeObject): readonly string[] {
  return textsAt(service, 'spec', 'clusterIPs').filter((ip) => ip !== 'None');
}

function nodePortsOf(service: KubeObject): readonly string[] {
  return listAt(service, 'spec', 'ports').flatMap((port) => {
    const nodePort = numberAt(port, 'nodePort') ?? 0;
    return nodePort === 0 ? [] : [`${textAt(port, 'protocol') ?? 'TCP'}/${nodePort}`];
  });
}
