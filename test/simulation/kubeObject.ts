/**
 * KubeObject: declares an object as the simulated API server keeps it, and answers what actors and
 * checks ask about one.
 */

import { isEqual } from '../../lib/selection/isEqual.ts';
import { label } from '../../lib/selection/names.ts';

export interface OwnerReference {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

export interface Metadata {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
}

export interface KubeObject {
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
}

export interface Endpoint {
  readonly addresses: readonly string[];
  readonly targetRef?: { readonly name: string; readonly uid: string };
}

export const NAMESPACE = 'shop';

export function annotationOf(object: KubeObject | null | undefined, key: string): string | undefined {
  return object?.metadata.annotations?.[key];
}

export function labelOf(object: KubeObject | null | undefined, key: string): string | undefined {
  return object?.metadata.labels?.[key];
}

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** Of several elections of one source, or slots of a pool, they tell apart whose slice it is. */
export function electionOf(slice: KubeObject | null | undefined): string {
  return `${labelOf(slice, label.election) ?? ''}/${labelOf(slice, label.slot) ?? '0'}`;
}

export function nodeNameOf(pod: KubeObject): string | undefined {
  return (pod['spec'] as { readonly nodeName?: string } | undefined)?.nodeName;
}

export function endpointsOf(slice: KubeObject | null): readonly Endpoint[] {
  return (slice?.['endpoints'] ?? []) as readonly Endpoint[];
}

/** JSON merge patch, RFC 7386. A patch that changes nothing returns the target itself. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return isEqual(target, patch) ? target : patch;
  const before: Record<string, unknown> = isObject(target) ? target : {};
  let merged = isObject(target) ? target : null;
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    const next = value === null ? undefined : mergePatch(before[key], value);
    if (merged !== null && next === before[key]) continue;
    if (merged === null || merged === before) merged = { ...before };
    if (next === undefined) delete merged[key];
    else merged[key] = next;
  }
  return merged ?? {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
