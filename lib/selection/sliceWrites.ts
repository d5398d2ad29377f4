/**
 * sliceWrites: turns one of our EndpointSlices as it is into the slice as desired.
 * docs/reference/objects.md#endpointslices.
 *
 * Endpoint, ports and annotations change in one write, so that route and record cannot disagree.
 * The source's name is a label, so that one LIST finds all slices of a source. Each write sets it,
 * and its absence alone causes none, because other labels and its name find the slice as well.
 */

import type { DemotionOrder } from './demotion.ts';
import { isEqual } from './isEqual.ts';
import { label, SLICE_MANAGER } from './names.ts';
import { ownerReference } from './serviceWrites.ts';
import type { Candidate, EndpointView, IpFamily, ServiceView, SlicePort, SliceView } from './snapshot.ts';
import type { Stage, Write } from './write.ts';

export interface DesiredSlice {
  readonly name: string;
  readonly serviceName: string;
  readonly family: IpFamily;
  /** Absent where the source has one election. */
  readonly election?: string;
  /** Absent for the first slot. */
  readonly slot?: number;
  readonly endpoints: readonly EndpointView[];
  readonly ports: readonly SlicePort[];
  /** Written with whatever else changes. Null removes one. */
  readonly annotations: Readonly<Record<string, string | null>>;
  /** The annotations alone are reason enough to write. */
  readonly annotationsDiffer: boolean;
  /** What the writer has to carry out once this is written. */
  readonly demotes?: DemotionOrder;
}

export function sliceWrites(
  existing: SliceView | undefined,
  desired: DesiredSlice,
  source: ServiceView,
  stage: Stage,
): readonly Write[] {
  const target = { stage, namespace: source.namespace, name: desired.name, resource: 'endpointslices' } as const;
  if (existing === undefined) return [{ ...target, kind: 'create', ...toCreation(desired, source) }];

  const { uid, resourceVersion, spec } = existing;
  // addressType is immutable. Only another client can have made this slice with another one.
  if (spec?.addressType !== desired.family) {
    if (existing.terminating) return [];
    const create: Write = { ...target, kind: 'create', ...toCreation(desired, source) };
    return [{ ...target, kind: 'delete', uid, resourceVersion }, create];
  }
  // A slice that is being deleted is patched all the same. A finalizer can keep it for long, and it
  // routes until then.
  const isAttached = existing.serviceName === desired.serviceName;
  const isLabelled = existing.election === desired.election && existing.slot === desired.slot;
  const isAsDesired =
    isAttached &&
    isLabelled &&
    !isToAdopt(existing, source) &&
    !desired.annotationsDiffer &&
    isEqual(spec.endpoints, desired.endpoints) &&
    isEqual(spec.ports, desired.ports);
  if (isAsDesired) return [];
  const patch = {
    metadata: {
      uid,
      resourceVersion,
      annotations: desired.annotations,
      labels: {
        [label.sourceService]: source.name,
        ...(!isAttached && { [label.serviceName]: desired.serviceName }),
        ...(!isLabelled && {
          [label.election]: desired.election ?? null,
          [label.slot]: desired.slot === undefined ? null : String(desired.slot),
        }),
      },
      ...(isToAdopt(existing, source) && { ownerReferences: [ownerReference(source)] }),
    },
    endpoints: desired.endpoints.map(toEndpoint),
    ports: desired.ports,
  };
  const { demotes } = desired;
  return [{ ...target, kind: 'patch', uid, resourceVersion, patch, ...(demotes !== undefined && { demotes }) }];
}

/**
 * A source that is being deleted adopts nothing. With `--cascade=orphan`, Kubernetes takes the
 * owner away first, and would delete the slice with its source if it came back.
 */
function isToAdopt({ owner }: SliceView, { terminating }: ServiceView): boolean {
  return owner === null && !terminating;
}

/**
 * `ready` sends traffic there, as publishNotReadyAddresses does. `serving` and `terminating` give
 * the state of the pod.
 */
export function toEndpointView(pod: Candidate, address: string, namespace: string): EndpointView {
  return {
    addresses: [address],
    ready: true,
    serving: pod.ready,
    terminating: pod.terminating,
    targetRef: { kind: 'Pod', namespace, name: pod.name, uid: pod.uid },
    ...(pod.nodeName !== undefined && { nodeName: pod.nodeName }),
    ...(pod.zone !== undefined && { zone: pod.zone }),
  };
}

function toCreation(
  desired: DesiredSlice,
  source: ServiceView,
): Pick<Extract<Write, { kind: 'create' }>, 'object' | 'placeholder'> {
  const object = toManifest(desired, source);
  // A slice without a record has nothing that an older decision could take back.
  if (Object.keys(desired.annotations).length === 0) return { object };
  return { object, placeholder: toManifest({ ...desired, annotations: {}, endpoints: [], ports: [] }, source) };
}

function toManifest(desired: DesiredSlice, source: ServiceView): Readonly<Record<string, unknown>> {
  const annotations = Object.fromEntries(Object.entries(desired.annotations).filter(([, value]) => value !== null));
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: desired.name,
      namespace: source.namespace,
      labels: {
        [label.serviceName]: desired.serviceName,
        [label.sliceManagedBy]: SLICE_MANAGER,
        [label.sourceService]: source.name,
        ...(desired.election !== undefined && { [label.election]: desired.election }),
        ...(desired.slot !== undefined && { [label.slot]: String(desired.slot) }),
      },
      annotations,
      ownerReferences: [ownerReference(source)],
    },
    addressType: desired.family,
    endpoints: desired.endpoints.map(toEndpoint),
    ports: desired.ports,
  };
}

/** As the API has it. */
export function toEndpoint({ ready, serving, terminating, ...rest }: EndpointView): Readonly<Record<string, unknown>> {
  return { ...rest, conditions: { ready, serving, terminating } };
}
