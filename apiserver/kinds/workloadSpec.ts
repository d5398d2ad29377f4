/**
 * Stores Deployments, StatefulSets and CronJobs, so that the manifests of users apply.
 *
 * Does not guarantee that anything acts on them: their controllers do not run here.
 */

import { type FieldError, invalidValue, required } from '../fieldError.ts';
import { type Fields, fieldsAt, listAt, numberAt, textAt, valueAt } from '../json.ts';
import type { KubeObject } from '../kubeObject.ts';
import { podTemplateSpec } from './podSpec.ts';

export function prepareDeployment(deployment: Fields): Fields {
  const spec = fieldsAt(deployment, 'spec');
  return {
    ...deployment,
    spec: {
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...withTemplate(spec),
    },
    status: fieldsAt(deployment, 'status'),
  };
}

export function prepareStatefulSet(set: Fields): Fields {
  const spec = fieldsAt(set, 'spec');
  return {
    ...set,
    spec: {
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      revisionHistoryLimit: 10,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      serviceName: '',
      ...withTemplate(spec),
    },
    status: { replicas: 0, availableReplicas: 0, ...fieldsAt(set, 'status') },
  };
}

export function prepareCronJob(job: Fields): Fields {
  const spec = fieldsAt(job, 'spec');
  return {
    ...job,
    spec: {
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
      ...spec,
    },
    status: fieldsAt(job, 'status'),
  };
}

export function validateWorkload(workload: KubeObject, previous: KubeObject | null): readonly FieldError[] {
  const spec = fieldsAt(workload, 'spec');
  const errors: FieldError[] = [];
  const selector = fieldsAt(spec, 'selector', 'matchLabels');
  const labels = valueAt(spec, 'template', 'metadata', 'labels');
  if (spec['selector'] === undefined) errors.push(required('spec.selector'));
  const isMatching = Object.entries(selector).every(([key, value]) => textAt(labels, key) === value);
  if (!isMatching || Object.keys(selector).length === 0) {
    const detail = '`selector` does not match template `labels`';
    errors.push(invalidValue('spec.template.metadata.labels', labels ?? null, detail));
  }
  if (listAt(spec, 'template', 'spec', 'containers').length === 0)
    errors.push(required('spec.template.spec.containers'));
  const before = previous === null ? undefined : JSON.stringify(valueAt(previous, 'spec', 'selector'));
  if (before !== undefined && before !== JSON.stringify(spec['selector'])) {
    errors.push(invalidValue('spec.selector', spec['selector'], 'field is immutable'));
  }
  return errors;
}

function withTemplate(spec: Fields): Fields {
  const template = fieldsAt(spec, 'template');
  return {
    ...spec,
    replicas: numberAt(spec, 'replicas') ?? 1,
    template: {
      ...template,
      metadata: fieldsAt(template, 'metadata'),
      spec: podTemplateSpec(fieldsAt(template, 'spec')),
    },
  };
}
