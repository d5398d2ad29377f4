/**
 * Fills in and validates Jobs.
 *
 * Does not guarantee that a status is consistent, which the real server checks.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/
 */

import { type FieldError, invalidValue, notSupported, required } from '../fieldError.ts';
import { type Fields, fieldsAt, isSame, listAt, numberAt, textAt, valueAt } from '../json.ts';
import type { KubeObject } from '../kubeObject.ts';
import { podTemplateSpec } from './podSpec.ts';

export function prepareJob(job: Fields, previous: KubeObject | null): Fields {
  const spec = fieldsAt(job, 'spec');
  const template = fieldsAt(spec, 'template');
  const uid = textAt(job, 'metadata', 'uid') ?? '';
  const name = textAt(job, 'metadata', 'name') ?? '';
  // Both spellings, the older one for clients from before 1.27.
  const labels = {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  };
  const own =
    previous === null
      ? {
          selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
          template: {
            metadata: {
              ...fieldsAt(template, 'metadata'),
              labels: { ...fieldsAt(template, 'metadata', 'labels'), ...labels },
            },
            spec: podTemplateSpec(fieldsAt(template, 'spec')),
          },
        }
      : {};
  return {
    ...job,
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      manualSelector: false,
      podReplacementPolicy: 'TerminatingOrFailed',
      ...spec,
      ...own,
    },
    status: previous === null ? {} : fieldsAt(job, 'status'),
  };
}

export function validateJob(job: KubeObject, previous: KubeObject | null): readonly FieldError[] {
  const errors: FieldError[] = [];
  const pod = fieldsAt(job, 'spec', 'template', 'spec');
  const restart = textAt(pod, 'restartPolicy');
  if (listAt(pod, 'containers').length === 0) errors.push(required('spec.template.spec.containers'));
  if (restart === 'Always') {
    const detail = 'spec.template.spec.restartPolicy';
    errors.push(notSupported(detail, restart, ['OnFailure', 'Never']));
  }
  for (const field of ['backoffLimit', 'activeDeadlineSeconds', 'parallelism', 'completions']) {
    const value = numberAt(job, 'spec', field);
    if (value !== undefined && value < 0)
      errors.push(invalidValue(`spec.${field}`, value, 'must be greater than or equal to 0'));
  }
  const isSameTemplate =
    previous === null || isSame(valueAt(previous, 'spec', 'template'), valueAt(job, 'spec', 'template'));
  if (!isSameTemplate) errors.push(invalidValue('spec.template', null, 'field is immutable'));
  return errors;
}
