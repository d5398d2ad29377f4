/**
 * Projects an EndpointSlice of the API to what the rules read (`SliceView`). Ours arrive in full,
 * all others as PartialObjectMetadata.
 *
 * Guarantees: `spec` is null unless the slice carries our manager label and came in full, so
 * foreign endpoints are not kept. What a hand edit left incomplete (a targetRef without uid, a port
 * without number) is left out. The rules then find a difference and repair it. An error would blind
 * the bridge.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/
 */

import { inputError } from '../errors.ts';
import { annotation, label } from '../selection/names.ts';
import { isSliceManager } from '../selection/ownership.ts';
import type { EndpointView, SlicePort, SliceView, Uid } from '../selection/snapshot.ts';
import {
  type Fields,
  takeFields,
  takeList,
  takeNumber,
  takeOptionalBoolean,
  takeOptionalFields,
  takeOptionalString,
  takeOptionalTime,
} from './fields.ts';
import { parseMetadata } from './parseMetadata.ts';
import { parseIpFamily, parseProtocol } from './parseProtocol.ts';

const noFields: Fields = {};

export function parseSlice(input: unknown): SliceView {
  const slice = takeFields(input, 'endpointslice');
  const metadata = takeFields(slice['metadata'], 'metadata');
  const labels = takeOptionalFields(metadata, 'labels', 'metadata') ?? noFields;
  const managedBy = takeOptionalString(labels, label.sliceManagedBy, 'metadata.labels') ?? null;
  const parsed = parseMetadata(metadata);
  const isEmpty = isSliceManager(managedBy) && parsed.annotations[annotation.epoch] === undefined;
  const createdAt = isEmpty ? takeOptionalTime(metadata, 'creationTimestamp', 'metadata') : undefined;
  const election = takeOptionalString(labels, label.election, 'metadata.labels');
  const slot = parseSlot(takeOptionalString(labels, label.slot, 'metadata.labels'));
  return {
    ...parsed,
    ...(election && { election }),
    ...(slot !== null && { slot }),
    ...(createdAt !== undefined && { createdAt }),
    serviceName: takeOptionalString(labels, label.serviceName, 'metadata.labels') ?? null,
    managedBy,
    spec: isSliceManager(managedBy) && slice['kind'] !== 'PartialObjectMetadata' ? parseSpec(slice) : null,
  };
}

/** Ours are small. Another client's text is no slot. */
function parseSlot(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,2}$/.test(text) ? Number(text) : null;
}

function parseSpec(slice: Fields): NonNullable<SliceView['spec']> {
  const type = slice['addressType'];
  return {
    addressType: type === 'FQDN' ? type : parseIpFamily(type, 'addressType'),
    endpoints: takeList(slice, 'endpoints', 'endpointslice').map(parseEndpoint),
    ports: takeList(slice, 'ports', 'endpointslice').flatMap(parsePort),
  };
}

function parseEndpoint(input: unknown): EndpointView {
  const path = 'endpoints[]';
  const endpoint = takeFields(input, path);
  const conditions = takeOptionalFields(endpoint, 'conditions', path) ?? noFields;
  const target = takeOptionalFields(endpoint, 'targetRef', path);
  const nodeName = takeOptionalString(endpoint, 'nodeName', path);
  const zone = takeOptionalString(endpoint, 'zone', path);
  return {
    addresses: takeList(endpoint, 'addresses', path).map(parseAddress),
    // EndpointConditions: a nil ready or serving "should be interpreted as true", a nil terminating
    // as false.
    ready: takeOptionalBoolean(conditions, 'ready', `${path}.conditions`) ?? true,
    serving: takeOptionalBoolean(conditions, 'serving', `${path}.conditions`) ?? true,
    terminating: takeOptionalBoolean(conditions, 'terminating', `${path}.conditions`) ?? false,
    ...(target?.['uid'] ? { targetRef: parseTarget(target, `${path}.targetRef`) } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
  };
}

function parseAddress(input: unknown): string {
  if (typeof input === 'string') return input;
  throw inputError('endpoints[].addresses[]', `expected a string, got ${JSON.stringify(input)}`);
}

function parseTarget(target: Fields, path: string): NonNullable<EndpointView['targetRef']> {
  return {
    kind: takeOptionalString(target, 'kind', path) ?? '',
    namespace: takeOptionalString(target, 'namespace', path) ?? '',
    name: takeOptionalString(target, 'name', path) ?? '',
    uid: (takeOptionalString(target, 'uid', path) ?? '') as Uid,
  };
}

/** A port without a number means "all ports". Ours always have one. */
function parsePort(input: unknown): readonly SlicePort[] {
  const path = 'ports[]';
  const fields = takeFields(input, path);
  if (fields['port'] === undefined || fields['port'] === null) return [];
  const appProtocol = takeOptionalString(fields, 'appProtocol', path);
  return [
    {
      name: takeOptionalString(fields, 'name', path) ?? '',
      port: takeNumber(fields, 'port', path),
      protocol: parseProtocol(fields, path),
      ...(appProtocol === undefined ? {} : { appProtocol }),
    },
  ];
}
