/**
 * KubeObject: declares an object as the simulated API server keeps it, and answers what actors and
 * checks ask about one.
 */

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

export function endpointsOf(slice: KubeObject | null): readonly Endpoint[] {
  return (slice?.['endpoints'] ?? []) as readonly Endpoint[];
}

/** JSON merge patch, RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
