/**
 * Finds what else scales a workload, or counts on its pods.
 *
 * Guarantees: pure. An autoscaler that scales by the gauge `zen_lead_wanted_replicas` is no rival:
 * zen-lead then writes no scale.
 * Source:
 * https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/
 * https://keda.sh/docs/latest/reference/scaledobject-spec/
 */

import {
  takeFields,
  takeList,
  takeOptionalFields,
  takeOptionalNumber,
  takeOptionalString,
  takeString,
} from '../kube/fields.ts';
import type { Refusal } from '../selection/scaleRecord.ts';
import type { Rivals } from './scaleInput.ts';

export const WANTED_REPLICAS = 'zen_lead_wanted_replicas';

interface Target {
  readonly of: string;
  readonly name: string;
}

export interface Autoscaler {
  readonly kind: 'HorizontalPodAutoscaler' | 'ScaledObject';
  readonly name: string;
  readonly target: Target;
  readonly maxReplicas: number;
  /** It scales by the gauge. */
  readonly followsGauge: boolean;
}

export function parseHpa(input: unknown): Autoscaler {
  const hpa = takeFields(input, 'HorizontalPodAutoscaler');
  const spec = takeFields(hpa['spec'], 'spec');
  const metrics = takeList(spec, 'metrics', 'spec').map((each) => takeFields(each, 'spec.metrics[]'));
  return {
    kind: 'HorizontalPodAutoscaler',
    name: nameOf(hpa),
    target: parseTarget(spec),
    maxReplicas: takeOptionalNumber(spec, 'maxReplicas', 'spec') ?? 1,
    followsGauge: metrics.some((metric) =>
      ['external', 'object'].some((source) => {
        const of = takeOptionalFields(metric, source, 'spec.metrics[]') ?? {};
        return takeOptionalFields(of, 'metric', `spec.metrics[].${source}`)?.['name'] === WANTED_REPLICAS;
      }),
    ),
  };
}

/** KEDA makes an HPA of its own, and scales to 0 by itself. */
export function parseScaledObject(input: unknown): Autoscaler {
  const object = takeFields(input, 'ScaledObject');
  return {
    kind: 'ScaledObject',
    name: nameOf(object),
    target: parseTarget(takeFields(object['spec'], 'spec')),
    maxReplicas: 1,
    followsGauge: false,
  };
}

function nameOf(object: ReturnType<typeof takeFields>): string {
  return takeString(takeFields(object['metadata'], 'metadata'), 'name', 'metadata');
}

/** KEDA leaves the kind out for a Deployment. */
function parseTarget(spec: ReturnType<typeof takeFields>): Target {
  const target = takeOptionalFields(spec, 'scaleTargetRef', 'spec') ?? {};
  return {
    of: takeOptionalString(target, 'kind', 'spec.scaleTargetRef') ?? 'Deployment',
    name: takeOptionalString(target, 'name', 'spec.scaleTargetRef') ?? '',
  };
}

export function findRivals(
  { of, name }: Target,
  autoscalers: readonly Autoscaler[],
  /** Other opted-in Services that select pods of the workload. */
  sharing: readonly string[],
): Rivals {
  const scaling = autoscalers.filter(({ target }) => target.of === of && target.name === name);
  const rival = scaling.find(({ followsGauge }) => !followsGauge);
  const refusal: Refusal | null =
    rival !== undefined
      ? { reason: 'Autoscaled', message: `${rival.kind} "${rival.name}" scales ${of} "${name}".` }
      : sharing.length > 0
        ? { reason: 'SharedPods', message: `Service "${sharing[0]}" has a leader among the same pods.` }
        : null;
  const [follower] = scaling;
  return { refusal, hpaMax: refusal === null && follower !== undefined ? follower.maxReplicas : null };
}
