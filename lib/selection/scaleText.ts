/**
 * Words what scale-down does for a Service, and why not. Undefined for a Service that has nothing
 * to do with it.
 */

import type { ScaleRecord } from './scaleRecord.ts';

/** `asks`: the Service has the annotation. */
export function scaleText(record: ScaleRecord | null, asks: boolean): string | undefined {
  if (record === null)
    return asks ? 'nothing is scaled: the leader has not led for long enough, or there is nothing to scale' : undefined;
  switch (record.phase) {
    case 'refused':
      return asks ? `nothing is scaled: ${record.reason}: ${record.message}` : undefined;
    case 'off':
      return `off: ${record.message}`;
    case 'elect':
      return `pod "${record.pod}" is to lead first, because it is the one that survives`;
    case 'up':
      return 'restored; it waits until the leader has led for long enough again';
    case 'down':
      return `${name(record)} runs ${record.to} of ${record.from} replicas${by(record)}${problem(record)}`;
    case 'restore':
      return `${name(record)} is being restored from ${record.to} to ${record.from} replicas${by(record)}${problem(record)}`;
  }
}

type Scaled = Extract<ScaleRecord, { phase: 'down' | 'restore' }>;

function name({ workload }: Scaled): string {
  return `${workload.kind} "${workload.name}"`;
}

function by(record: Scaled): string {
  return record.by === 'hpa' ? ', or is about to: an HPA scales it' : '';
}

function problem(record: Scaled): string {
  return record.problem === undefined ? '' : `; it cannot go on: ${record.problem}`;
}
