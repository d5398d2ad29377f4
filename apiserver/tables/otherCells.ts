/**
 * Makes the table cells that `kubectl get` shows for Events, Namespaces, Nodes, Leases, ConfigMaps
 * and workloads.
 */

import { fieldsAt, listAt, numberAt, textAt, valueAt } from '../json.ts';
import type { Cell, Column } from '../kind.ts';
import type { KubeObject } from '../kubeObject.ts';
import { ageCell, humanDuration, sinceCell } from './age.ts';
import { labelsCell } from './networkCells.ts';

export const eventColumns: readonly Column[] = [
  { name: 'Last Seen' },
  { name: 'Type' },
  { name: 'Reason' },
  { name: 'Object' },
  { name: 'Subobject', isWide: true },
  { name: 'Source', isWide: true },
  { name: 'Message' },
  { name: 'First Seen', isWide: true },
  { name: 'Count', isWide: true },
  { name: 'Name', isWide: true },
];

/** Takes a stored event, which has the form of v1. */
export function eventCells(event: KubeObject, nowAt: number): readonly Cell[] {
  const at = textAt(event, 'eventTime');
  const first = textAt(event, 'firstTimestamp') ?? at;
  const last = textAt(event, 'series', 'lastObservedTime') ?? textAt(event, 'lastTimestamp') ?? first;
  return [
    sinceCell(last, nowAt),
    textAt(event, 'type') ?? '',
    textAt(event, 'reason') ?? '',
    `${(textAt(event, 'involvedObject', 'kind') ?? '').toLowerCase()}/${textAt(event, 'involvedObject', 'name') ?? ''}`,
    textAt(event, 'involvedObject', 'fieldPath') ?? '',
    textAt(event, 'source', 'component') || textAt(event, 'reportingComponent') || '',
    (textAt(event, 'message') ?? '').trim(),
    sinceCell(first, nowAt),
    String(numberAt(event, 'series', 'count') ?? numberAt(event, 'count') ?? 1),
    event.metadata.name,
  ];
}

export const namespaceColumns: readonly Column[] = [{ name: 'Name' }, { name: 'Status' }, { name: 'Age' }];

export function namespaceCells(namespace: KubeObject, nowAt: number): readonly Cell[] {
  return [namespace.metadata.name, textAt(namespace, 'status', 'phase') ?? '', ageCell(namespace, nowAt)];
}

export const nodeColumns: readonly Column[] = [
  { name: 'Name' },
  { name: 'Status' },
  { name: 'Roles' },
  { name: 'Age' },
  { name: 'Version' },
  { name: 'Internal-IP', isWide: true },
  { name: 'OS-Image', isWide: true },
  { name: 'Kernel-Version', isWide: true },
  { name: 'Container-Runtime', isWide: true },
];

export function nodeCells(node: KubeObject, nowAt: number): readonly Cell[] {
  const ready = listAt(node, 'status', 'conditions').find((each) => textAt(each, 'type') === 'Ready');
  const status = ready === undefined ? 'Unknown' : textAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  const address = listAt(node, 'status', 'addresses').find((each) => textAt(each, 'type') === 'InternalIP');
  const info = fieldsAt(node, 'status', 'nodeInfo');
  return [
    node.metadata.name,
    valueAt(node, 'spec', 'unschedulable') === true ? `${status},SchedulingDisabled` : status,
    '<none>',
    ageCell(node, nowAt),
    textAt(info, 'kubeletVersion') ?? '',
    textAt(address, 'address') ?? '<none>',
    textAt(info, 'osImage') || '<unknown>',
    textAt(info, 'kernelVersion') || '<unknown>',
    textAt(info, 'containerRuntimeVersion') || '<unknown>',
  ];
}

export const leaseColumns: readonly Column[] = [{ name: 'Name' }, { name: 'Holder' }, { name: 'Age' }];

export function leaseCells(lease: KubeObject, nowAt: number): readonly Cell[] {
  return [lease.metadata.name, textAt(lease, 'spec', 'holderIdentity') ?? '', ageCell(lease, nowAt)];
}

export const configMapColumns: readonly Column[] = [{ name: 'Name' }, { name: 'Data' }, { name: 'Age' }];

export function configMapCells(map: KubeObject, nowAt: number): readonly Cell[] {
  const count = Object.keys({ ...fieldsAt(map, 'data'), ...fieldsAt(map, 'binaryData') }).length;
  return [map.metadata.name, count, ageCell(map, nowAt)];
}

export const deploymentColumns: readonly Column[] = [
  { name: 'Name' },
  { name: 'Ready' },
  { name: 'Up-to-date' },
  { name: 'Available' },
  { name: 'Age' },
  { name: 'Selector', isWide: true },
];

export function deploymentCells(deployment: KubeObject, nowAt: number): readonly Cell[] {
  const status = fieldsAt(deployment, 'status');
  return [
    deployment.metadata.name,
    readyOf(deployment),
    String(numberAt(status, 'updatedReplicas') ?? 0),
    String(numberAt(status, 'availableReplicas') ?? 0),
    ageCell(deployment, nowAt),
    labelsCell(fieldsAt(deployment, 'spec', 'selector', 'matchLabels')),
  ];
}

export const statefulSetColumns: readonly Column[] = [{ name: 'Name' }, { name: 'Ready' }, { name: 'Age' }];

export function statefulSetCells(set: KubeObject, nowAt: number): readonly Cell[] {
  return [set.metadata.name, readyOf(set), ageCell(set, nowAt)];
}

export const cronJobColumns: readonly Column[] = [
  { name: 'Name' },
  { name: 'Schedule' },
  { name: 'Suspend', type: 'boolean' },
  { name: 'Active', type: 'integer' },
  { name: 'Last Schedule' },
  { name: 'Age' },
];

export function cronJobCells(job: KubeObject, nowAt: number): readonly Cell[] {
  const last = textAt(job, 'status', 'lastScheduleTime');
  return [
    job.metadata.name,
    textAt(job, 'spec', 'schedule') ?? '',
    valueAt(job, 'spec', 'suspend') === true,
    listAt(job, 'status', 'active').length,
    last === undefined ? '<none>' : sinceCell(last, nowAt),
    ageCell(job, nowAt),
  ];
}

export const jobColumns: readonly Column[] = [
  { name: 'Name' },
  { name: 'Status' },
  { name: 'Completions' },
  { name: 'Duration' },
  { name: 'Age' },
];

export function jobCells(job: KubeObject, nowAt: number): readonly Cell[] {
  const status = fieldsAt(job, 'status');
  const ended = listAt(status, 'conditions').find(
    (each) => textAt(each, 'status') === 'True' && ['Complete', 'Failed'].includes(textAt(each, 'type') ?? ''),
  );
  const isSuspended = valueAt(job, 'spec', 'suspend') === true;
  const started = Date.parse(textAt(status, 'startTime') ?? '');
  const completed = Date.parse(textAt(status, 'completionTime') ?? '');
  const duration = (Number.isNaN(completed) ? nowAt : completed) - started;
  return [
    job.metadata.name,
    textAt(ended, 'type') ?? (isSuspended ? 'Suspended' : 'Running'),
    `${numberAt(status, 'succeeded') ?? 0}/${numberAt(job, 'spec', 'completions') ?? 1}`,
    Number.isNaN(started) ? '' : humanDuration(duration),
    ageCell(job, nowAt),
  ];
}

function readyOf(workload: KubeObject): string {
  const ready = numberAt(workload, 'status', 'readyReplicas') ?? 0;
  return `${ready}/${numberAt(workload, 'spec', 'replicas') ?? 0}`;
}
