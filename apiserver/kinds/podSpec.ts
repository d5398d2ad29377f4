/**
 * Fills in the defaults of a pod spec, in pods and in the templates of workloads.
 *
 * Does not guarantee that all defaults are there: only those that a client can see and that tools
 * compare.
 *
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
 */

import { type Fields, fieldsAt, isFields, listAt, numberAt, textAt } from '../json.ts';

export function podTemplateSpec(spec: Fields): Fields {
  return {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    ...spec,
    ...containersOf(spec, 'containers'),
    ...containersOf(spec, 'initContainers'),
  };
}

function containersOf(spec: Fields, field: 'containers' | 'initContainers'): Fields {
  const list = listAt(spec, field);
  return list.length === 0 ? {} : { [field]: list.map(withDefaults) };
}

function withDefaults(container: unknown): unknown {
  if (!isFields(container)) return container;
  const image = textAt(container, 'image') ?? '';
  const tag = image.slice(image.lastIndexOf('/') + 1);
  const isLatest = !tag.includes('@') && (!tag.includes(':') || tag.endsWith(':latest'));
  const ports = listAt(container, 'ports').map((port) => ({ protocol: 'TCP', ...fieldsAt({ port }, 'port') }));
  return {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: isLatest ? 'Always' : 'IfNotPresent',
    ...container,
    ...(ports.length === 0 ? {} : { ports }),
    ...probe(container, 'readinessProbe'),
    ...probe(container, 'livenessProbe'),
    ...probe(container, 'startupProbe'),
  };
}

function probe(container: Fields, field: string): Fields {
  if (!isFields(container[field])) return {};
  const given = fieldsAt(container, field);
  const httpGet = fieldsAt(given, 'httpGet');
  return {
    [field]: {
      ...given,
      timeoutSeconds: numberAt(given, 'timeoutSeconds') || 1,
      periodSeconds: numberAt(given, 'periodSeconds') || 10,
      successThreshold: numberAt(given, 'successThreshold') || 1,
      failureThreshold: numberAt(given, 'failureThreshold') || 3,
      ...(isFields(given['httpGet']) ? { httpGet: { path: '/', scheme: 'HTTP', ...httpGet } } : {}),
    },
  };
}
