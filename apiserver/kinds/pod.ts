/**
 * Fills in and validates Pods.
 *
 * Does not guarantee that a pod runs: there is no scheduler and no kubelet. A test or the demo
 * writes `/status`.
 *
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement
 */

import { type FieldError, forbidden, invalidValue, required } from '../fieldError.ts';
import { type Fields, fieldsAt, isFields, isSame, listAt, textAt, valueAt, without } from '../json.ts';
import type { KubeObject } from '../kubeObject.ts';
import { familyOf } from '../nameRules.ts';
import { podTemplateSpec } from './podSpec.ts';

export function preparePod(pod: Fields, previous: KubeObject | null): Fields {
  const status = previous === null ? { phase: 'Pending', qosClass: 'BestEffort' } : fieldsAt(pod, 'status');
  return {
    ...pod,
    spec: { ...podTemplateSpec(fieldsAt(pod, 'spec')), ...defaulted(fieldsAt(pod, 'spec'), previous) },
    status: withConditions(withPodIps(status)),
  };
}

export function validatePod(pod: KubeObject, previous: KubeObject | null): readonly FieldError[] {
  const spec = fieldsAt(pod, 'spec');
  const errors: FieldError[] = [];
  if (listAt(spec, 'containers').length === 0) errors.push(required('spec.containers'));
  if (previous !== null && !isSame(immutablePart(spec), immutablePart(fieldsAt(previous, 'spec')))) {
    errors.push(
      forbidden(
        'spec',
        'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
      ),
    );
  }
  listAt(pod, 'status', 'podIPs').forEach((each, index) => {
    const ip = textAt(each, 'ip') ?? '';
    if (familyOf(ip) === undefined) {
      errors.push(
        invalidValue(`status.podIPs[${index}]`, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'),
      );
    }
  });
  return errors;
}

export const podSelectable: Readonly<Record<string, (pod: KubeObject) => string>> = {
  'spec.nodeName': (pod) => textAt(pod, 'spec', 'nodeName') ?? '',
  'spec.restartPolicy': (pod) => textAt(pod, 'spec', 'restartPolicy') ?? '',
  'spec.schedulerName': (pod) => textAt(pod, 'spec', 'schedulerName') ?? '',
  'spec.serviceAccountName': (pod) => textAt(pod, 'spec', 'serviceAccountName') ?? '',
  'spec.hostNetwork': (pod) => String(valueAt(pod, 'spec', 'hostNetwork') === true),
  'status.phase': (pod) => textAt(pod, 'status', 'phase') ?? '',
  'status.podIP': (pod) => textAt(pod, 'status', 'podIP') ?? '',
  'status.podIPs': (pod) => textAt(listAt(pod, 'status', 'podIPs')[0], 'ip') ?? '',
  'status.nominatedNodeName': (pod) => textAt(pod, 'status', 'nominatedNodeName') ?? '',
};

/** Adds what admission adds to a new pod, the tolerations of every pod included. */
function defaulted(spec: Fields, previous: KubeObject | null): Fields {
  if (previous !== null) return {};
  const tolerations = listAt(spec, 'tolerations');
  const added = ['not-ready', 'unreachable']
    .map((condition) => `node.kubernetes.io/${condition}`)
    .filter((key) => !tolerations.some((each) => textAt(each, 'key') === key))
    .map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }));
  return {
    enableServiceLinks: spec['enableServiceLinks'] ?? true,
    priority: spec['priority'] ?? 0,
    preemptionPolicy: spec['preemptionPolicy'] ?? 'PreemptLowerPriority',
    tolerations: [...tolerations, ...added],
  };
}

/**
 * podIP and podIPs[0] are one field in two forms; the form that the client wrote fills the other.
 */
function withPodIps(status: Fields): Fields {
  const podIp = textAt(status, 'podIP') ?? '';
  const first = textAt(listAt(status, 'podIPs')[0], 'ip') ?? '';
  if (podIp === '' && first === '') return without(status, 'podIP', 'podIPs');
  if (first === '') return { ...status, podIPs: [{ ip: podIp }] };
  return { ...status, podIP: first };
}

/** Instants that the client left out come back as null, not absent. */
function withConditions(status: Fields): Fields {
  const conditions = listAt(status, 'conditions').map((condition) =>
    isFields(condition) ? { lastProbeTime: null, lastTransitionTime: null, ...condition } : condition,
  );
  return conditions.length === 0 ? status : { ...status, conditions };
}

function immutablePart(spec: Fields): Fields {
  const withoutImages = (list: readonly unknown[]) =>
    list.map((container) => (isFields(container) ? without(container, 'image') : container));
  return {
    ...without(spec, 'activeDeadlineSeconds', 'tolerations', 'terminationGracePeriodSeconds'),
    containers: withoutImages(listAt(spec, 'containers')),
    initContainers: withoutImages(listAt(spec, 'initContainers')),
  };
}
