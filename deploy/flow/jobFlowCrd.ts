/**
 * The CustomResourceDefinition of JobFlow, as an object.
 *
 * It has one CEL rule, and none over steps. Rules and lists of type map are paid again with every
 * write of the status: with 100 steps 86 to 103 ms of the API server instead of 35 to 66.
 * Descriptions are not evaluated: a write costs the same with and without them.
 * Source: https://kubernetes.io/docs/reference/using-api/cel/#resource-constraints
 */

import { GROUP } from '../../lib/flow/state/names.ts';
import { withBounds } from './schema/bounds.ts';
import { described, kindOf } from './schema/schema.ts';
import { specSchema } from './schema/specSchema.ts';
import { statusSchema } from './schema/statusSchema.ts';

export const jobFlowSchema = kindOf(
  'A graph of Kubernetes Jobs.',
  {
    spec: described('What is to run.', specSchema),
    status: described('A view of the progress, written by zen-flow at a bounded pace.', statusSchema),
  },
  {
    required: ['spec'],
    'x-kubernetes-validations': [
      {
        rule: 'self.metadata.name.size() <= 63',
        message: 'metadata.name may have 63 characters, because it is a label',
      },
    ],
  },
);

export const jobFlowCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `jobflows.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: {
      plural: 'jobflows',
      singular: 'jobflow',
      kind: 'JobFlow',
      listKind: 'JobFlowList',
      shortNames: ['jf', 'flow'],
      categories: ['all'],
    },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
          { name: 'Progress', type: 'string', jsonPath: '.status.summary' },
          { name: 'Waiting', type: 'string', jsonPath: '.status.waiting' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          { name: 'Failed', type: 'integer', jsonPath: '.status.progress.failedSteps', priority: 1 },
          { name: 'Retries', type: 'integer', jsonPath: '.status.retries', priority: 1 },
          { name: 'Step', type: 'string', jsonPath: '.status.running', priority: 1 },
        ],
        schema: {
          openAPIV3Schema: withBounds(jobFlowSchema),
        },
      },
    ],
  },
} as const;
