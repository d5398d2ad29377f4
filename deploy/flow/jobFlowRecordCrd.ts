/**
 * The CustomResourceDefinition of JobFlowRecord: one JSON text, which only zen-flow writes.
 *
 * It has a schema of one field, so that a write costs the API server next to nothing
 * (docs/decisions/flows.md#the-record).
 */

import { GROUP } from '../../lib/flow/state/names.ts';
import { withBounds } from './schema/bounds.ts';
import { described, kindOf, text } from './schema/schema.ts';

/** Beyond it etcd's limit comes near. A record of 1,000 steps has less than 200 KiB. */
const MAX_RECORD = 524_288;

export const jobFlowRecordSchema = kindOf('What was decided about a flow, which only zen-flow writes.', {
  data: described('The record, as JSON; how it is written may change.', text(MAX_RECORD)),
});

export const jobFlowRecordCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `jobflowrecords.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: {
      plural: 'jobflowrecords',
      singular: 'jobflowrecord',
      kind: 'JobFlowRecord',
      listKind: 'JobFlowRecordList',
    },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        additionalPrinterColumns: [
          { name: 'Flow', type: 'string', jsonPath: `.metadata.labels.workflow\\.kube-zen\\.io/flow` },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: withBounds(jobFlowRecordSchema),
        },
      },
    ],
  },
} as const;
