/**
 * Fills in Services as the API server does: ports, ClusterIPs, families and node ports.
 *
 * `validateService` then refuses what is left wrong.
 *
 * Source: https://kubernetes.io/docs/concepts/services-networking/dual-stack/ and
 * https://kubernetes.io/docs/concepts/services-networking/service/
 */

import { type Fields, fieldsAt, isFields, listAt, numberAt, textAt, textsAt, without } from '../json.ts';
import type { PrepareContext } from '../kind.ts';
import type { KubeObject } from '../kubeObject.ts';
import { familyOf } from '../nameRules.ts';
import type { IpFamily } from '../serviceAddresses.ts';

export function prepareService(service: Fields, previous: KubeObject | null, context: PrepareContext): Fields {
  const given = fieldsAt(service, 'spec');
  const type = textAt(given, 'type') || 'ClusterIP';
  const before = fieldsAt(previous, 'spec');
  const base = {
    ...without(given, 'ports', 'clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'),
    ...affinityFields(given),
    // Go leaves out a false that is not a pointer.
    publishNotReadyAddresses: given['publishNotReadyAddresses'] === true ? true : undefined,
    type,
  };
  const ports = preparePorts(given, before, type, context);
  const spec =
    type === 'ExternalName'
      ? without(base, 'internalTrafficPolicy', 'externalTrafficPolicy', 'allocateLoadBalancerNodePorts')
      : { ...base, ...trafficFields(given, before, type), ...addressFields(given, before, context) };
  return {
    ...service,
    spec: ports.length === 0 ? spec : { ...spec, ports },
    status: { ...fieldsAt(service, 'status'), loadBalancer: loadBalancerStatus(service) },
  };
}

/** A client sticks for three hours by default. */
function affinityFields(given: Fields): Fields {
  if (textAt(given, 'sessionAffinity') !== 'ClientIP') {
    return { sessionAffinity: textAt(given, 'sessionAffinity') || 'None', sessionAffinityConfig: undefined };
  }
  const timeoutSeconds = numberAt(given, 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds') ?? 10_800;
  return { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds } } };
}

/** An address without a mode is a virtual one. Source: KEP-1860 */
function loadBalancerStatus(service: Fields): Fields {
  const ingress = listAt(service, 'status', 'loadBalancer', 'ingress').map((each) =>
    isFields(each) && each['ip'] !== undefined ? { ipMode: 'VIP', ...each } : each,
  );
  return ingress.length === 0 ? {} : { ...fieldsAt(service, 'status', 'loadBalancer'), ingress };
}

function trafficFields(given: Fields, before: Fields, type: string): Fields {
  const isExternal = type === 'NodePort' || type === 'LoadBalancer';
  return {
    internalTrafficPolicy: textAt(given, 'internalTrafficPolicy') || 'Cluster',
    // A Service that stops being external loses the fields that only external ones have.
    externalTrafficPolicy: isExternal
      ? textAt(given, 'externalTrafficPolicy') || 'Cluster'
      : kept(given, before, 'externalTrafficPolicy'),
    allocateLoadBalancerNodePorts:
      type === 'LoadBalancer'
        ? (given['allocateLoadBalancerNodePorts'] ?? true)
        : kept(given, before, 'allocateLoadBalancerNodePorts'),
  };
}

/** Returns what the client wrote in this request; undefined when the value is only carried over. */
function kept(given: Fields, before: Fields, field: string): unknown {
  return given[field] === before[field] ? undefined : given[field];
}

function preparePorts(given: Fields, before: Fields, type: string, context: PrepareContext): readonly unknown[] {
  const isExternal =
    type === 'NodePort' || (type === 'LoadBalancer' && given['allocateLoadBalancerNodePorts'] !== false);
  const wanted = listAt(given, 'ports').flatMap((port) => numberAt(port, 'nodePort') || []);
  const taken = new Set(wanted);
  return listAt(given, 'ports').map((port) => {
    if (!isFields(port)) return port;
    const number = numberAt(port, 'port') ?? 0;
    const protocol = textAt(port, 'protocol') || 'TCP';
    const target = port['targetPort'];
    const isSet = target !== undefined && target !== 0 && target !== '';
    const nodePort = nodePortOf(port, protocol, before, isExternal, taken, context);
    if (nodePort !== undefined) taken.add(nodePort);
    const name = textAt(port, 'name') ?? '';
    return {
      ...(name === '' ? {} : { name }),
      ...without(port, 'name', 'nodePort'),
      protocol,
      targetPort: isSet ? target : number,
      ...(nodePort === undefined ? {} : { nodePort }),
    };
  });
}

function nodePortOf(
  port: Fields,
  protocol: string,
  before: Fields,
  isExternal: boolean,
  taken: ReadonlySet<number>,
  context: PrepareContext,
): number | undefined {
  const given = numberAt(port, 'nodePort') ?? 0;
  const earlier = listAt(before, 'ports').find(
    (each) => numberAt(each, 'port') === numberAt(port, 'port') && (textAt(each, 'protocol') ?? 'TCP') === protocol,
  );
  const earlierNodePort = numberAt(earlier, 'nodePort') ?? 0;
  if (!isExternal) return given === 0 || given === earlierNodePort ? undefined : given;
  if (given !== 0) return given;
  if (earlierNodePort !== 0 && !taken.has(earlierNodePort)) return earlierNodePort;
  return context.addresses.freeNodePort(taken);
}

/** Leaves what cannot be used as the client wrote it, so that validation can name it. */
function addressFields(given: Fields, before: Fields, context: PrepareContext): Fields {
  const wasExternalName = textAt(before, 'type') === 'ExternalName';
  const stated = statedIps(given, before);
  const isHeadless = stated[0] === 'None';
  const isWithoutSelector = Object.keys(fieldsAt(given, 'selector')).length === 0;
  const ownFamilies = textsAt(given, 'ipFamilies');
  const statedFamilies = ownFamilies.length > 0 ? ownFamilies : textsAt(before, 'ipFamilies');
  const policy =
    textAt(given, 'ipFamilyPolicy') ||
    textAt(before, 'ipFamilyPolicy') ||
    (isHeadless && isWithoutSelector && statedFamilies.length === 0 ? 'RequireDualStack' : 'SingleStack');
  // Only a policy of SingleStack may drop the second family. Validation refuses any other one.
  const isShrunk = ownFamilies.length === 1 && textsAt(before, 'ipFamilies').length === 2;
  const wanted = isShrunk ? ownFamilies : familiesFor(statedFamilies, stated, policy);
  // A policy that this update narrows releases the second family, when the families were only
  // carried over.
  const isNarrowed =
    policy === 'SingleStack' && textAt(before, 'ipFamilyPolicy') !== policy && isCarriedOver(statedFamilies, before);
  const families = isNarrowed ? wanted.slice(0, 1) : wanted;
  if (isHeadless) return { clusterIP: 'None', clusterIPs: ['None'], ipFamilies: families, ipFamilyPolicy: policy };
  const isBroken = families.some((family) => family !== 'IPv4' && family !== 'IPv6');
  const ips = isBroken
    ? stated
    : families.flatMap((family, index) => {
        if (family !== 'IPv4' && family !== 'IPv6') return [];
        return [(isNarrowed && index > 0 ? undefined : stated[index]) ?? context.addresses.freeClusterIp(family)];
      });
  return {
    ...(ips.length === 0 ? {} : { clusterIP: ips[0], clusterIPs: ips }),
    ipFamilies: families,
    ipFamilyPolicy: policy,
    ...(wasExternalName ? { externalName: given['externalName'] } : {}),
  };
}

function statedIps(given: Fields, before: Fields): readonly string[] {
  const one = textAt(given, 'clusterIP') ?? '';
  const all = textsAt(given, 'clusterIPs').filter((ip) => ip !== '');
  // Addresses that a patch removed come back: they do not change once they are set.
  if (one === '' && all.length === 0) return textsAt(before, 'clusterIPs');
  if (all.length === 0) return [one];
  // A patch of clusterIP alone leaves the old clusterIPs behind. The API server takes the field
  // that changed.
  const isOnlyOneChanged = one !== '' && one !== textAt(before, 'clusterIP') && all[0] === textAt(before, 'clusterIP');
  return isOnlyOneChanged ? [one] : all;
}

function familiesFor(stated: readonly string[], ips: readonly string[], policy: string): readonly string[] {
  const fromIps = ips.flatMap((ip) => familyOf(ip) ?? []);
  const families = stated.length > 0 ? stated : fromIps.length > 0 ? fromIps : ['IPv4'];
  if (policy === 'SingleStack' || families.length !== 1) return families;
  const other: IpFamily = families[0] === 'IPv6' ? 'IPv4' : 'IPv6';
  return [...families, other];
}

function isCarriedOver(families: readonly string[], before: Fields): boolean {
  const earlier = textsAt(before, 'ipFamilies');
  return families.length === 2 && families.every((family, index) => family === earlier[index]);
}
