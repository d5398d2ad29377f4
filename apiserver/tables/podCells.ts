/**
 * Makes the table cells that `kubectl get pods` shows: how many containers are ready, and the one
 * word for the state of the pod.
 */

import { fieldsAt, listAt, numberAt, textAt, valueAt } from '../json.ts';
import type { Cell, Column } from '../kind.ts';
import { isTerminating, type KubeObject } from '../kubeObject.ts';
import { ageCell } from './age.ts';

export const podColumns: readonly Column[] = [
  { name: 'Name' },
  { name: 'Ready' },
  { name: 'Status' },
  { name: 'Restarts' },
  { name: 'Age' },
  { name: 'IP', isWide: true },
  { name: 'Node', isWide: true },
  { name: 'Nominated Node', isWide: true },
  { name: 'Readiness Gates', isWide: true },
];

export function podCells(pod: KubeObject, nowAt: number): readonly Cell[] {
  const statuses = listAt(pod, 'status', 'containerStatuses');
  const ready = statuses.filter((status) => valueAt(status, 'ready') === true).length;
  const restarts = statuses.reduce<number>((sum, status) => sum + (numberAt(status, 'restartCount') ?? 0), 0);
  return [
    pod.metadata.name,
    `${ready}/${listAt(pod, 'spec', 'containers').length}`,
    podStatus(pod, statuses),
    String(restarts),
    ageCell(pod, nowAt),
    textAt(pod, 'status', 'podIP') || '<none>',
    textAt(pod, 'spec', 'nodeName') || '<none>',
    textAt(pod, 'status', 'nominatedNodeName') || '<none>',
    '<none>',
  ];
}

function podStatus(pod: KubeObject, statuses: readonly unknown[]): string {
  if (isTerminating(pod)) return 'Terminating';
  for (const status of statuses) {
    const state = fieldsAt(status, 'state');
    const reason = textAt(state, 'waiting', 'reason') ?? textAt(state, 'terminated', 'reason');
    if (reason !== undefined && reason !== '') return reason;
  }
  return textAt(pod, 'status', 'reason') || textAt(pod, 'status', 'phase') || 'Unknown';
}
