/**
 * Projects a Service of the API to what the rules read (`ServiceView`).
 *
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/
 */

import { isOurLabel } from '../selection/names.ts';
import type { IpFamily, ServicePort, ServiceView } from '../selection/snapshot.ts';
import {
  type Fields,
  takeFields,
  takeList,
  takeNumber,
  takeOptionalChoice,
  takeOptionalFields,
  takeOptionalString,
} from './fields.ts';
import { parseMetadata, takeStringMap, takeText } from './parseMetadata.ts';
import { parseIpFamily, parseProtocol } from './parseProtocol.ts';

const types = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const;

export function parseService(input: unknown): ServiceView {
  const service = takeFields(input, 'service');
  const metadata = takeFields(service['metadata'], 'metadata');
  const spec = takeFields(service['spec'], 'spec');
  const { annotations, owner, terminating, ...identity } = parseMetadata(metadata);
  const ipFamilyPolicy = takeOptionalString(spec, 'ipFamilyPolicy', 'spec');
  return {
    ...identity,
    labels: takeStringMap(metadata, 'labels', isOurLabel),
    annotations,
    owner,
    terminating,
    type: takeOptionalChoice(spec, 'type', 'spec', types) ?? 'ClusterIP',
    headless: takeOptionalString(spec, 'clusterIP', 'spec') === 'None',
    selector: parseSelector(spec),
    ports: takeList(spec, 'ports', 'spec').map(parsePort),
    ipFamilies: takeList(spec, 'ipFamilies', 'spec').map(
      (family): IpFamily => parseIpFamily(family, 'spec.ipFamilies[]'),
    ),
    ...(ipFamilyPolicy === undefined ? {} : { ipFamilyPolicy }),
  };
}

function parseSelector(spec: Fields): Readonly<Record<string, string>> | null {
  const selector = takeOptionalFields(spec, 'selector', 'spec');
  if (selector === undefined) return null;
  const parsed: Record<string, string> = {};
  for (const key in selector) parsed[key] = takeText(selector, key, 'spec.selector');
  return parsed;
}

function parsePort(input: unknown): ServicePort {
  const path = 'spec.ports[]';
  const fields = takeFields(input, path);
  const port = takeNumber(fields, 'port', path);
  const target = fields['targetPort'];
  const appProtocol = takeOptionalString(fields, 'appProtocol', path);
  return {
    name: takeOptionalString(fields, 'name', path) ?? '',
    protocol: parseProtocol(fields, path),
    port,
    // "If this is not specified, the value of the 'port' field is used (an identity map)":
    // ServiceSpec, field ports.
    targetPort:
      typeof target === 'string' && target !== '' ? target : target ? takeNumber(fields, 'targetPort', path) : port,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  };
}
