/**
 * Makes the table cells that `kubectl get` shows for Services, Endpoints and EndpointSlices.
 */

import { fieldsAt, listAt, numberAt, textAt, textsAt } from '../json.ts';
import type { Cell, Column } from '../kind.ts';
import type { KubeObject } from '../kubeObject.ts';
import { ageCell } from './age.ts';

const none = '<none>';

export const serviceColumns: readonly Column[] = [
  { name: 'Name' },
  { name: 'Type' },
  { name: 'Cluster-IP' },
  { name: 'External-IP' },
  { name: 'Port(s)' },
  { name: 'Age' },
  { name: 'Selector', isWide: true },
];

export function serviceCells(service: KubeObject, nowAt: number): readonly Cell[] {
  return [
    service.metadata.name,
    textAt(service, 'spec', 'type') ?? '',
    textAt(service, 'spec', 'clusterIP') ?? none,
    externalIps(service),
    listAt(service, 'spec', 'ports').map(servicePort).join(',') || none,
    ageCell(service, nowAt),
    labelsCell(fieldsAt(service, 'spec', 'selector')),
  ];
}

export const endpointSliceColumns: readonly Column[] = [
  { name: 'Name' },
  { name: 'AddressType' },
  { name: 'Ports' },
  { name: 'Endpoints' },
  { name: 'Age' },
];

export function endpointSliceCells(slice: KubeObject, nowAt: number): readonly Cell[] {
  const ports = listAt(slice, 'ports').map((port) => String(numberAt(port, 'port') ?? '*'));
  const addresses = listAt(slice, 'endpoints').flatMap((endpoint) => textsAt(endpoint, 'addresses'));
  return [
    slice.metadata.name,
    textAt(slice, 'addressType') ?? '',
    shortList(ports, '<unset>'),
    shortList(addresses, '<unset>'),
    ageCell(slice, nowAt),
  ];
}

export const endpointsColumns: readonly Column[] = [{ name: 'Name' }, { name: 'Endpoints' }, { name: 'Age' }];

export function endpointsCells(endpoints: KubeObject, nowAt: number): readonly Cell[] {
  const pairs = listAt(endpoints, 'subsets').flatMap((subset) =>
    listAt(subset, 'addresses').flatMap((address) => {
      const ip = textAt(address, 'ip') ?? '';
      const ports = listAt(subset, 'ports').map((port) => `${ip}:${numberAt(port, 'port') ?? ''}`);
      return ports.length === 0 ? [ip] : ports;
    }),
  );
  return [endpoints.metadata.name, shortList(pairs, none), ageCell(endpoints, nowAt)];
}

/** `a=b,c=d`, or `<none>`. */
export function labelsCell(labels: object): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.map(([key, value]) => `${key}=${value}`).join(',') || none;
}

/** kubectl shows three and counts the rest. */
function shortList(all: readonly string[], empty: string): string {
  if (all.length === 0) return empty;
  return all.length <= 3 ? all.join(',') : `${all.slice(0, 3).join(',')} + ${all.length - 3} more...`;
}

function externalIps(service: KubeObject): string {
  const type = textAt(service, 'spec', 'type');
  if (type === 'ExternalName') return textAt(service, 'spec', 'externalName') ?? none;
  const ingress = listAt(service, 'status', 'loadBalancer', 'ingress').map(
    (each) => textAt(each, 'ip') ?? textAt(each, 'hostname') ?? '',
  );
  const all = [...(type === 'LoadBalancer' ? ingress : []), ...textsAt(service, 'spec', 'externalIPs')];
  return all.join(',') || (type === 'LoadBalancer' ? '<pending>' : none);
}

function servicePort(port: unknown): string {
  const nodePort = numberAt(port, 'nodePort') ?? 0;
  return `${numberAt(port, 'port') ?? ''}${nodePort === 0 ? '' : `:${nodePort}`}/${textAt(port, 'protocol') ?? 'TCP'}`;
}
