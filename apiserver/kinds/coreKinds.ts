/**
 * Lists the kinds of the core group, one entry a kind. `defineKind` holds the defaults.
 */

import { fieldsAt, textAt } from '../json.ts';
import type { Kind } from '../kind.ts';
import { isDns1035Label, isDns1123Label } from '../nameRules.ts';
import { endpointsCells, endpointsColumns, serviceCells, serviceColumns } from '../tables/networkCells.ts';
import {
  configMapCells,
  configMapColumns,
  eventCells,
  eventColumns,
  namespaceCells,
  namespaceColumns,
  nodeCells,
  nodeColumns,
} from '../tables/otherCells.ts';
import { podCells, podColumns } from '../tables/podCells.ts';
import { defineKind } from './defineKind.ts';
import { coreEventSelectable, prepareEvent, validateCoreEvent } from './event.ts';
import { prepareNamespace } from './namespace.ts';
import { podSelectable, preparePod, validatePod } from './pod.ts';
import { prepareService } from './service.ts';
import { validateService } from './validateService.ts';

const core = { group: '', version: 'v1' } as const;
const schemaOf = (kind: string): string => `io.k8s.api.core.v1.${kind}`;

export const coreKinds: readonly Kind[] = [
  defineKind({
    ...core,
    kind: 'Pod',
    plural: 'pods',
    schema: schemaOf('Pod'),
    shortNames: ['po'],
    categories: ['all'],
    hasStatus: true,
    hasGeneration: true,
    isDeletedReturned: true,
    columns: podColumns,
    cells: podCells,
    selectable: podSelectable,
    prepare: preparePod,
    validate: validatePod,
  }),
  defineKind({
    ...core,
    kind: 'Service',
    plural: 'services',
    schema: schemaOf('Service'),
    shortNames: ['svc'],
    categories: ['all'],
    hasStatus: true,
    isCreatedOnUpdate: true,
    isDeletedReturned: true,
    nameRule: isDns1035Label,
    columns: serviceColumns,
    cells: serviceCells,
    selectable: {
      'spec.type': (service) => textAt(service, 'spec', 'type') ?? '',
      'spec.clusterIP': (service) => textAt(service, 'spec', 'clusterIP') ?? '',
    },
    prepare: prepareService,
    validate: validateService,
  }),
  defineKind({
    ...core,
    kind: 'Endpoints',
    plural: 'endpoints',
    singular: 'endpoints',
    schema: schemaOf('Endpoints'),
    shortNames: ['ep'],
    isCreatedOnUpdate: true,
    columns: endpointsColumns,
    cells: endpointsCells,
  }),
  defineKind({
    ...core,
    kind: 'Event',
    plural: 'events',
    schema: schemaOf('Event'),
    shortNames: ['ev'],
    isCreatedOnUpdate: true,
    columns: eventColumns,
    cells: eventCells,
    selectable: coreEventSelectable,
    prepare: prepareEvent,
    validate: validateCoreEvent,
  }),
  defineKind({
    ...core,
    kind: 'Namespace',
    plural: 'namespaces',
    schema: schemaOf('Namespace'),
    shortNames: ['ns'],
    isNamespaced: false,
    hasStatus: true,
    nameRule: isDns1123Label,
    columns: namespaceColumns,
    cells: namespaceCells,
    selectable: { 'status.phase': (namespace) => textAt(namespace, 'status', 'phase') ?? '' },
    prepare: prepareNamespace,
  }),
  defineKind({
    ...core,
    kind: 'Node',
    plural: 'nodes',
    schema: schemaOf('Node'),
    shortNames: ['no'],
    isNamespaced: false,
    hasStatus: true,
    columns: nodeColumns,
    cells: nodeCells,
    selectable: { 'spec.unschedulable': (node) => String(fieldsAt(node, 'spec')['unschedulable'] === true) },
    prepare: (node) => ({ ...node, spec: fieldsAt(node, 'spec'), status: fieldsAt(node, 'status') }),
  }),
  defineKind({
    ...core,
    kind: 'ConfigMap',
    plural: 'configmaps',
    schema: schemaOf('ConfigMap'),
    shortNames: ['cm'],
    columns: configMapColumns,
    cells: configMapCells,
  }),
  defineKind({
    ...core,
    kind: 'ServiceAccount',
    plural: 'serviceaccounts',
    schema: schemaOf('ServiceAccount'),
    shortNames: ['sa'],
    isDeletedReturned: true,
  }),
];
