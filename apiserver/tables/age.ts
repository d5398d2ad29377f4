/**
 * Formats ages as kubectl shows them: `9s`, `3m20s`, `5h`, `12d`. Source: the HumanDuration of
 * k8s.io/apimachinery, by observation.
 */

import { textAt } from '../json.ts';
import type { KubeObject } from '../kubeObject.ts';

export function ageCell(object: KubeObject, nowAt: number): string {
  return sinceCell(textAt(object.metadata, 'creationTimestamp'), nowAt);
}

/** Returns `<unknown>` without an instant. */
export function sinceCell(instant: string | undefined, nowAt: number): string {
  const at = Date.parse(instant ?? '');
  return Number.isNaN(at) ? '<unknown>' : humanDuration(nowAt - at);
}

export function humanDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (days < 8) return pair(days, 'd', hours % 24, 'h');
  return days < 730 ? `${days}d` : pair(Math.floor(days / 365), 'y', days % 365, 'd');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
