/**
 * serviceWrites: turns one of our Services as it is into the Service as planned.
 * docs/reference/objects.md#leader-service.
 *
 * It compares and writes only the fields that we own. Whatever else the API or a user put there
 * stays.
 */

import type { ServicePlan } from './decision.ts';
import { isEqual } from './isEqual.ts';
import { annotation, label, MANAGER } from './names.ts';
import { isOptedIn } from './optIn.ts';
import type { ServicePort, ServiceView } from './snapshot.ts';
import type { Stage, Write } from './write.ts';

export function serviceWrites(
  existing: ServiceView | undefined,
  plan: ServicePlan,
  source: ServiceView,
  stage: Stage,
): readonly Write[] {
  const target = { stage, namespace: source.namespace, name: plan.name, resource: 'services' } as const;
  const create: Write = { ...target, kind: 'create', object: toManifest(plan, source) };
  if (existing === undefined) return [create];
  if (existing.terminating) return [];

  const { uid, resourceVersion } = existing;
  if (mustBeMadeAgain(existing, plan)) return [{ ...target, kind: 'delete', uid, resourceVersion }, create];
  const metadata = changedMetadata(existing, plan, source);
  const spec = changedSpec(existing, plan);
  if (metadata === null && spec === null) return [];
  const patch = { metadata: { uid, resourceVersion, ...metadata }, ...(spec !== null && { spec }) };
  return [{ ...target, kind: 'patch', uid, resourceVersion, patch }];
}

export function ownerReference(source: ServiceView): Readonly<Record<string, unknown>> {
  return { apiVersion: 'v1', kind: 'Service', name: source.name, uid: source.uid, controller: true };
}

function labelsOf(plan: ServicePlan, source: ServiceView): Readonly<Record<string, string>> {
  return {
    [label.managedBy]: MANAGER,
    [label.sourceService]: source.name,
    ...(plan.role === 'followers' && { [label.role]: plan.role }),
    ...(plan.election !== undefined && { [label.election]: plan.election }),
  };
}

function toManifest(plan: ServicePlan, source: ServiceView): Readonly<Record<string, unknown>> {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: plan.name,
      namespace: source.namespace,
      labels: labelsOf(plan, source),
      ownerReferences: [ownerReference(source)],
    },
    spec: { ...writableSpec(plan), ...(plan.headless && { clusterIP: 'None' }) },
  };
}

/**
 * ipFamilies and ipFamilyPolicy always go together, because the API checks one against the other.
 */
function writableSpec(plan: ServicePlan): Readonly<Record<string, unknown>> {
  const { type, ports, ipFamilies, ipFamilyPolicy } = plan;
  return { type, ports: ports.map(toPort), ipFamilies, ...(ipFamilyPolicy !== undefined && { ipFamilyPolicy }) };
}

/** Leaves nodePort out. The source's is taken, and the API finds a free one where one is needed. */
function toPort({ name, ...port }: ServicePort): Readonly<Record<string, unknown>> {
  return { ...(name !== '' && { name }), ...port };
}

/**
 * True where the API does not change a field in place. An ExternalName (made so by hand) has
 * neither field, and can be changed back.
 */
function mustBeMadeAgain(existing: ServiceView, plan: ServicePlan): boolean {
  if (existing.type === 'ExternalName') return false;
  return existing.headless !== plan.headless || existing.ipFamilies[0] !== plan.ipFamilies[0];
}

function changedMetadata(
  existing: ServiceView,
  plan: ServicePlan,
  source: ServiceView,
): Readonly<Record<string, unknown>> | null {
  const labels = labelsOf(plan, source);
  // An election that the source no longer has.
  const isOfOther = plan.election === undefined && existing.labels[label.election] !== undefined;
  const isLabelled = !isOfOther && Object.entries(labels).every(([key, value]) => existing.labels[key] === value);
  if (isLabelled && existing.owner !== null && !isOptedIn(existing)) return null;
  return {
    ...(!isLabelled && { labels: { ...labels, ...(isOfOther && { [label.election]: null }) } }),
    ...(existing.owner === null && { ownerReferences: [ownerReference(source)] }),
    // A leader Service that is opted in would ask for a leader of its own.
    ...(isOptedIn(existing) && { annotations: { [annotation.enabled]: null } }),
  };
}

function changedSpec(existing: ServiceView, plan: ServicePlan): Readonly<Record<string, unknown>> | null {
  const hasSelector = Object.keys(existing.selector ?? {}).length > 0;
  const isAsPlanned =
    !hasSelector &&
    existing.type === plan.type &&
    isEqual(existing.ports, plan.ports) &&
    isEqual(existing.ipFamilies, plan.ipFamilies) &&
    (plan.ipFamilyPolicy === undefined || existing.ipFamilyPolicy === plan.ipFamilyPolicy);
  if (isAsPlanned) return null;
  return {
    ...writableSpec(plan),
    ...(hasSelector && { selector: null }),
    ...(existing.type === 'ExternalName' && { externalName: null }),
  };
}
