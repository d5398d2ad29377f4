/**
 * Parses a Deployment or a StatefulSet down to what scale-down reads.
 *
 * Guarantees: INPUT_INVALID for an object that cannot be read.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#complete-deployment
 */

import {
  type Fields,
  takeFields,
  takeList,
  takeNumber,
  takeOptionalFields,
  takeOptionalNumber,
  takeOptionalString,
  takeString,
} from '../kube/fields.ts';
import type { WorkloadRef } from '../selection/scaleRecord.ts';
import type { Uid } from '../selection/snapshot.ts';

export type Live =
  | {
      readonly kind: 'found';
      readonly of: WorkloadRef['kind'];
      readonly name: string;
      readonly uid: Uid;
      readonly resourceVersion: string;
      /** `spec.replicas`. */
      readonly replicas: number;
      readonly isRollingOut: boolean;
      /** Selects its pods, as a label selector of a LIST. */
      readonly selector: string;
      /** Of its pod template. */
      readonly labels: Readonly<Record<string, string>>;
      /** Of a StatefulSet, `spec.ordinals.start`. */
      readonly firstOrdinal: number;
    }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unsupported'; readonly message: string };

export function parseWorkload(of: WorkloadRef['kind'], input: unknown): Extract<Live, { kind: 'found' }> {
  const workload = takeFields(input, of);
  const metadata = takeFields(workload['metadata'], 'metadata');
  const spec = takeFields(workload['spec'], 'spec');
  const status = takeOptionalFields(workload, 'status', of) ?? {};
  const replicas = takeOptionalNumber(spec, 'replicas', 'spec') ?? 1;
  const ordinals = takeOptionalFields(spec, 'ordinals', 'spec') ?? {};
  return {
    kind: 'found',
    of,
    name: takeString(metadata, 'name', 'metadata'),
    uid: takeString(metadata, 'uid', 'metadata') as Uid,
    resourceVersion: takeString(metadata, 'resourceVersion', 'metadata'),
    replicas,
    isRollingOut:
      takeNumber(metadata, 'generation', 'metadata') >
        (takeOptionalNumber(status, 'observedGeneration', 'status') ?? 0) ||
      countOf(status, 'replicas') !== replicas ||
      (of === 'Deployment' ? countOf(status, 'updatedReplicas') !== replicas : isBetweenRevisions(status)),
    selector: formatSelector(takeFields(spec['selector'], 'spec.selector')),
    labels: parseLabels(spec),
    firstOrdinal: takeOptionalNumber(ordinals, 'start', 'spec.ordinals') ?? 0,
  };
}

function parseLabels(spec: Fields): Readonly<Record<string, string>> {
  const template = takeOptionalFields(spec, 'template', 'spec') ?? {};
  const metadata = takeOptionalFields(template, 'metadata', 'spec.template') ?? {};
  const labels = Object.entries(takeOptionalFields(metadata, 'labels', 'spec.template.metadata') ?? {});
  return Object.fromEntries(labels.map(([key, value]) => [key, String(value)]));
}

function countOf(status: Fields, key: string): number {
  return takeOptionalNumber(status, key, 'status') ?? 0;
}

function isBetweenRevisions(status: Fields): boolean {
  const current = takeOptionalString(status, 'currentRevision', 'status');
  return current !== takeOptionalString(status, 'updateRevision', 'status');
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
function formatSelector(selector: Fields): string {
  const labels = Object.entries(takeOptionalFields(selector, 'matchLabels', 'spec.selector') ?? {});
  const expressions = takeList(selector, 'matchExpressions', 'spec.selector').map((each) =>
    formatExpression(takeFields(each, 'spec.selector.matchExpressions[]')),
  );
  return [...labels.map(([key, value]) => `${key}=${value}`), ...expressions].join(',');
}

function formatExpression(expression: Fields): string {
  const path = 'spec.selector.matchExpressions[]';
  const key = takeString(expression, 'key', path);
  const operator = takeString(expression, 'operator', path);
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  return `${key} ${operator === 'In' ? 'in' : 'notin'} (${takeList(expression, 'values', path).join(',')})`;
}
