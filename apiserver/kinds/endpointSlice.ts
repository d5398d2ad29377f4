/**
 * Fills in and validates EndpointSlices. An empty list comes back as null, as from the real server.
 *
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/
 */

import { duplicate, type FieldError, invalidValue, notSupported, required, tooMany } from '../fieldError.ts';
import { type Fields, fieldsAt, isFields, isSame, listAt, textAt, textsAt } from '../json.ts';
import type { KubeObject } from '../kubeObject.ts';
import { familyOf, isDns1123Label, isDns1123Subdomain, qualifiedNameProblems } from '../nameRules.ts';

/** Limits of the API: endpoints a slice, addresses an endpoint, ports a slice. */
const limits = { endpoints: 1000, addresses: 100, ports: 20_000 };

export function prepareEndpointSlice(slice: Fields): Fields {
  const endpoints = listAt(slice, 'endpoints').map((endpoint) =>
    isFields(endpoint)
      ? { ...endpoint, ...targetRefOf(endpoint), conditions: fieldsAt(endpoint, 'conditions') }
      : endpoint,
  );
  const ports = listAt(slice, 'ports').map((port) =>
    isFields(port) ? { ...port, name: textAt(port, 'name') ?? '', protocol: textAt(port, 'protocol') ?? 'TCP' } : port,
  );
  return {
    ...slice,
    endpoints: endpoints.length === 0 ? null : endpoints,
    ports: ports.length === 0 ? null : ports,
  };
}

/** The real server returns a reference without its empty fields. */
function targetRefOf(endpoint: Fields): Fields {
  if (!isFields(endpoint['targetRef'])) return {};
  const kept = Object.entries(endpoint['targetRef']).filter(([, value]) => value !== '');
  return { targetRef: Object.fromEntries(kept) };
}

/** Checks in the order of the real server: ports before endpoints, and immutable fields last. */
export function validateEndpointSlice(slice: KubeObject, previous: KubeObject | null): readonly FieldError[] {
  const addressType = textAt(slice, 'addressType') ?? '';
  const isKnown = ['IPv4', 'IPv6', 'FQDN'].includes(addressType);
  const errors: FieldError[] = [];
  if (addressType === '') errors.push(required('addressType'));
  else if (!isKnown) errors.push(notSupported('addressType', addressType, ['FQDN', 'IPv4', 'IPv6']));
  errors.push(...portErrors(listAt(slice, 'ports')));
  // The real server does not validate endpoints that an update leaves alone.
  const isUnchanged = previous !== null && isSame(previous['endpoints'], slice['endpoints']);
  if (!isUnchanged) errors.push(...endpointsErrors(listAt(slice, 'endpoints'), isKnown ? addressType : undefined));
  if (previous !== null && addressType !== textAt(previous, 'addressType')) {
    errors.push(invalidValue('addressType', addressType, 'field is immutable'));
  }
  return errors;
}

/** An undefined `addressType` is unknown, so addresses cannot be checked. */
function endpointsErrors(endpoints: readonly unknown[], addressType: string | undefined): readonly FieldError[] {
  if (endpoints.length > limits.endpoints) return [tooMany('endpoints', endpoints.length, limits.endpoints)];
  return endpoints.flatMap((endpoint, index) => endpointErrors(endpoint, addressType, `endpoints[${index}]`));
}

function endpointErrors(endpoint: unknown, addressType: string | undefined, at: string): readonly FieldError[] {
  const addresses = textsAt(endpoint, 'addresses');
  const errors: FieldError[] = [];
  if (addresses.length === 0) errors.push(required(`${at}.addresses`, 'must contain at least 1 address'));
  if (addresses.length > limits.addresses) {
    errors.push(tooMany(`${at}.addresses`, addresses.length, limits.addresses));
  }
  addresses.forEach((address, index) => {
    if (addressType !== undefined) errors.push(...addressErrors(address, addressType, `${at}.addresses`, index));
  });
  const nodeName = textAt(endpoint, 'nodeName');
  const nodeProblem = nodeName === undefined ? undefined : isDns1123Subdomain(nodeName);
  if (nodeProblem !== undefined) errors.push(invalidValue(`${at}.nodeName`, nodeName, nodeProblem));
  const hostname = textAt(endpoint, 'hostname');
  const hostProblem = hostname === undefined ? undefined : isDns1123Label(hostname);
  if (hostProblem !== undefined) errors.push(invalidValue(`${at}.hostname`, hostname, hostProblem));
  return errors;
}

function addressErrors(address: string, addressType: string, at: string, index: number): readonly FieldError[] {
  if (addressType === 'FQDN') {
    const problem = isDns1123Subdomain(address);
    return problem === undefined ? [] : [invalidValue(`${at}[${index}]`, address, problem)];
  }
  const family = familyOf(address);
  if (family === undefined) {
    return [invalidValue(`${at}[${index}]`, address, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
  }
  const problem = specialAddressProblem(address);
  return [
    ...(family === addressType ? [] : [invalidValue(at, address, `must be an ${addressType} address`)]),
    ...(problem === undefined ? [] : [invalidValue(`${at}[${index}]`, address, problem)]),
  ];
}

/** Finds addresses that a proxy must never send traffic to. */
function specialAddressProblem(address: string): string | undefined {
  if (address === '0.0.0.0' || address === '::') return `may not be unspecified (${address})`;
  if (address.startsWith('127.') || address === '::1') return 'may not be in the loopback range (127.0.0.0/8, ::1/128)';
  if (address.startsWith('169.254.') || /^fe[89ab]/i.test(address)) {
    return 'may not be in the link-local range (169.254.0.0/16, fe80::/10)';
  }
  if (address.startsWith('224.0.0.') || /^ff02:/i.test(address)) {
    return 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)';
  }
  return undefined;
}

function portErrors(ports: readonly unknown[]): readonly FieldError[] {
  if (ports.length > limits.ports) return [tooMany('ports', ports.length, limits.ports)];
  const errors: FieldError[] = [];
  const names = new Set<string>();
  ports.forEach((port, index) => {
    const name = textAt(port, 'name') ?? '';
    const problem = name === '' ? undefined : isDns1123Label(name);
    if (problem !== undefined) errors.push(invalidValue(`ports[${index}].name`, name, problem));
    if (names.has(name)) errors.push(duplicate(`ports[${index}].name`, name));
    names.add(name);
    const protocol = textAt(port, 'protocol') ?? '';
    if (!['TCP', 'UDP', 'SCTP'].includes(protocol)) {
      errors.push(notSupported(`ports[${index}].protocol`, protocol, ['SCTP', 'TCP', 'UDP']));
    }
    const appProtocol = textAt(port, 'appProtocol');
    for (const each of appProtocol === undefined ? [] : qualifiedNameProblems(appProtocol)) {
      errors.push(invalidValue(`ports[${index}].appProtocol`, appProtocol, each));
    }
  });
  return errors;
}
