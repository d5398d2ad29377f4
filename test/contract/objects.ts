/**
 * Builds the objects and paths of the contract, and reads the few fields of an answer that it
 * needs.
 */

import { expect } from 'vitest';
import type { Answer } from './target.ts';

export const paths = (namespace: string) => ({
  pods: `/api/v1/namespaces/${namespace}/pods`,
  services: `/api/v1/namespaces/${namespace}/services`,
  configMaps: `/api/v1/namespaces/${namespace}/configmaps`,
  events: `/api/v1/namespaces/${namespace}/events`,
  newEvents: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
  slices: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
  leases: `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
});

export function aConfigMap(name: string, metadata: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata } };
}

export function aService(name: string, spec: object = {}, metadata: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, ...metadata },
    spec: { ports: [{ port: 80 }], ...spec },
  };
}

export function aPod(name: string, spec: object = {}, metadata: object = {}): object {
  const containers = [{ name: 'main', image: 'dev.local/app:1' }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec: { containers, ...spec } };
}

export function anEviction(name: string, deleteOptions: object = {}): object {
  return { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, deleteOptions };
}

export function aSlice(name: string, fields: object = {}, metadata: object = {}): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, ...metadata },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'] }],
    ports: [{ name: 'http', port: 80 }],
    ...fields,
  };
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly generation?: number;
}

/** Throws when the answer is text or a refusal instead of an object. */
export function metadataOf(answer: Answer): Metadata {
  return metadataAt(answer.body);
}

interface List {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly { readonly metadata: Metadata }[];
}

/** Throws when the answer is not a list. */
export function listOf(answer: Answer): List {
  const items = valueAt(answer.body, 'items');
  if (!Array.isArray(items)) throw new Error(`no list: ${JSON.stringify(answer)}`);
  const token = valueAt(answer.body, 'metadata', 'continue');
  const remaining = valueAt(answer.body, 'metadata', 'remainingItemCount');
  return {
    metadata: {
      resourceVersion: String(valueAt(answer.body, 'metadata', 'resourceVersion')),
      ...(typeof token === 'string' ? { continue: token } : {}),
      ...(typeof remaining === 'number' ? { remainingItemCount: remaining } : {}),
    },
    items: items.map((item) => ({ metadata: metadataAt(item) })),
  };
}

/** Returns undefined when the path is absent. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
    value,
  );
}

function metadataAt(object: unknown): Metadata {
  const text = (field: string): string => {
    const value = valueAt(object, 'metadata', field);
    if (typeof value !== 'string') throw new Error(`no metadata.${field}: ${JSON.stringify(object)}`);
    return value;
  };
  const generation = valueAt(object, 'metadata', 'generation');
  const namespace = valueAt(object, 'metadata', 'namespace');
  return {
    name: text('name'),
    uid: text('uid'),
    resourceVersion: text('resourceVersion'),
    creationTimestamp: text('creationTimestamp'),
    ...(typeof namespace === 'string' ? { namespace } : {}),
    ...(typeof generation === 'number' ? { generation } : {}),
  };
}

export function namesOf(answer: Answer): readonly string[] {
  return listOf(answer).items.map(({ metadata }) => metadata.name);
}

/** Describes a refused answer. */
export function refusal(code: number, reason: string, message: string | RegExp): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason,
    message: typeof message === 'string' ? message : expect.stringMatching(message),
  };
}
