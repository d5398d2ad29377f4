/**
 * Lists the kinds outside the core group: discovery.k8s.io, events.k8s.io, coordination.k8s.io,
 * apps, batch and apiextensions.k8s.io.
 */

import { invalidValue } from '../fieldError.ts';
import { fieldsAt, numberAt } from '../json.ts';
import type { Kind } from '../kind.ts';
import { endpointSliceCells, endpointSliceColumns } from '../tables/networkCells.ts';
import {
  cronJobCells,
  cronJobColumns,
  deploymentCells,
  deploymentColumns,
  eventCells,
  eventColumns,
  jobCells,
  jobColumns,
  leaseCells,
  leaseColumns,
  statefulSetCells,
  statefulSetColumns,
} from '../tables/otherCells.ts';
import { prepareDefinition, validateDefinition } from './customResourceDefinition.ts';
import { defineKind } from './defineKind.ts';
import { prepareEndpointSlice, validateEndpointSlice } from './endpointSlice.ts';
import { eventFromStored, eventSelectable, eventToStored, prepareEvent, validateEvent } from './event.ts';
import { prepareJob, validateJob } from './job.ts';
import { prepareCronJob, prepareDeployment, prepareStatefulSet, validateWorkload } from './workloadSpec.ts';

export const groupKinds: readonly Kind[] = [
  defineKind({
    group: 'discovery.k8s.io',
    version: 'v1',
    kind: 'EndpointSlice',
    plural: 'endpointslices',
    schema: 'io.k8s.api.discovery.v1.EndpointSlice',
    hasGeneration: true,
    columns: endpointSliceColumns,
    cells: endpointSliceCells,
    prepare: prepareEndpointSlice,
    validate: validateEndpointSlice,
  }),
  defineKind({
    group: 'events.k8s.io',
    version: 'v1',
    kind: 'Event',
    plural: 'events',
    schema: 'io.k8s.api.events.v1.Event',
    shortNames: ['ev'],
    isCreatedOnUpdate: true,
    columns: eventColumns,
    cells: eventCells,
    selectable: eventSelectable,
    prepare: prepareEvent,
    validate: validateEvent,
    toStored: eventToStored,
    fromStored: eventFromStored,
  }),
  defineKind({
    group: 'coordination.k8s.io',
    version: 'v1',
    kind: 'Lease',
    plural: 'leases',
    schema: 'io.k8s.api.coordination.v1.Lease',
    isCreatedOnUpdate: true,
    isUnconditionalUpdateAllowed: false,
    columns: leaseColumns,
    cells: leaseCells,
    prepare: (lease) => ({ ...lease, spec: fieldsAt(lease, 'spec') }),
    validate: (lease) => {
      const seconds = numberAt(lease, 'spec', 'leaseDurationSeconds') ?? 1;
      return seconds > 0 ? [] : [invalidValue('spec.leaseDurationSeconds', seconds, 'must be greater than 0')];
    },
  }),
  defineKind({
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    plural: 'deployments',
    schema: 'io.k8s.api.apps.v1.Deployment',
    shortNames: ['deploy'],
    categories: ['all'],
    hasStatus: true,
    hasGeneration: true,
    columns: deploymentColumns,
    cells: deploymentCells,
    prepare: prepareDeployment,
    validate: validateWorkload,
  }),
  defineKind({
    group: 'apps',
    version: 'v1',
    kind: 'StatefulSet',
    plural: 'statefulsets',
    schema: 'io.k8s.api.apps.v1.StatefulSet',
    shortNames: ['sts'],
    categories: ['all'],
    hasStatus: true,
    hasGeneration: true,
    columns: statefulSetColumns,
    cells: statefulSetCells,
    prepare: prepareStatefulSet,
    validate: validateWorkload,
  }),
  defineKind({
    group: 'batch',
    version: 'v1',
    kind: 'CronJob',
    plural: 'cronjobs',
    schema: 'io.k8s.api.batch.v1.CronJob',
    shortNames: ['cj'],
    categories: ['all'],
    hasStatus: true,
    hasGeneration: true,
    columns: cronJobColumns,
    cells: cronJobCells,
    prepare: prepareCronJob,
  }),
  defineKind({
    group: 'batch',
    version: 'v1',
    kind: 'Job',
    plural: 'jobs',
    schema: 'io.k8s.api.batch.v1.Job',
    categories: ['all'],
    hasStatus: true,
    hasGeneration: true,
    columns: jobColumns,
    cells: jobCells,
    prepare: prepareJob,
    validate: validateJob,
  }),
  defineKind({
    group: 'apiextensions.k8s.io',
    version: 'v1',
    kind: 'CustomResourceDefinition',
    plural: 'customresourcedefinitions',
    schema: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    isNamespaced: false,
    hasStatus: true,
    hasGeneration: true,
    columns: [{ name: 'Name' }, { name: 'Created At', type: 'date' }],
    cells: (definition) => [definition.metadata.name, definition.metadata.creationTimestamp],
    prepare: prepareDefinition,
    validate: validateDefinition,
  }),
];
