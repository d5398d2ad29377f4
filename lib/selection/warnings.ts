/**
 * Words the warnings that a user gets about what they wrote.
 * docs/reference/annotations.md#unreadable-values: a value that cannot be read is named.
 */

import { excerpt } from './boundValue.ts';
import type { Choice } from './choose.ts';
import { compareText } from './compareText.ts';
import type { Warning } from './decision.ts';
import { annotation } from './names.ts';
import { liveVerdicts } from './outsideVerdict.ts';
import type { LeaderRecord } from './record.ts';
import { parseBoolean, type ReadSettings, type Settings, type Strategy } from './settings.ts';
import type { Candidate, Snapshot } from './snapshot.ts';
import { parsePriority, parseWeight } from './strategy.ts';

/** `keys`: how an annotation was written, where that has the prefix of an election. */
export function settingsWarnings(
  { unreadable }: ReadSettings,
  keys: Readonly<Record<string, string>> = {},
): readonly Warning[] {
  return unreadable.map((each) =>
    invalid(keys[each.annotation] ?? each.annotation, each.value, `It accepts ${each.expected}.`),
  );
}

export function podWarnings(candidates: readonly Candidate[], strategy: Strategy): readonly Warning[] {
  return candidates.flatMap((pod) => {
    const warnings: Warning[] = [];
    if (pod.exclude !== undefined && parseBoolean(pod.exclude) === null) {
      warnings.push(invalid(annotation.exclude, pod.exclude, 'It accepts "true" or "false".', pod.name));
    }
    if (strategy === 'priority' && pod.priority !== undefined && parsePriority(pod.priority) === null) {
      warnings.push(invalid(annotation.priority, pod.priority, 'It accepts a whole number.', pod.name));
    }
    if (strategy === 'weighted' && pod.weight !== undefined && parseWeight(pod.weight) === null) {
      warnings.push(invalid(annotation.weight, pod.weight, 'It accepts a whole number from 1 to 1000.', pod.name));
    }
    return warnings;
  });
}

/** Warns where no pod passes the check: most likely the check is wrong. */
export function healthWarnings({ healthCheck }: Settings, { reason, pod }: Choice): readonly Warning[] {
  if (healthCheck === null || pod === null) return [];
  if (reason !== 'AllUnhealthy' && reason !== 'LastResort') return [];
  const check = excerpt(healthCheck.raw);
  const detail = pod.health?.detail === undefined ? '' : ` (${pod.health.detail})`;
  return [
    {
      reason: 'HealthCheckFailing',
      value: check,
      message: `Pod "${pod.name}" leads although it fails ${annotation.healthCheck} "${check}"${detail}: no pod that passes it can take over.`,
    },
  ];
}

/** Warns where reports from outside cannot be followed, because each pod has one. */
export function reportWarnings({ verdicts }: LeaderRecord, { reason, pod }: Choice, now: number): readonly Warning[] {
  if (pod === null || (reason !== 'AllReported' && reason !== 'LastResort')) return [];
  const report = liveVerdicts(verdicts, now).find((each) => !each.fit && each.pod === pod.uid);
  if (report === undefined) return [];
  const why = report.reason === '' ? '' : ` (${report.reason})`;
  const message = `Pod "${pod.name}" leads although ${report.by} reports it unfit${why}: no pod that no caller reports can take over.`;
  return [{ reason: 'ReportedUnfit', value: pod.name, message }];
}

/**
 * Warns of foreign slices under the leader Service's name. They send its traffic elsewhere, and
 * only their owner can end that.
 */
export function foreignSliceWarnings(
  snapshot: Snapshot,
  leaderServiceName: string,
  isOurs: (name: string) => boolean,
): readonly Warning[] {
  return snapshot.slices
    .filter((slice) => slice.serviceName === leaderServiceName && !isOurs(slice.name))
    .map((slice) => ({
      reason: 'ForeignEndpointSlice',
      value: slice.name,
      message: `EndpointSlice "${slice.name}" (managed by ${slice.managedBy ?? 'no controller'}) adds endpoints to Service "${leaderServiceName}".`,
    }));
}

/** Sorted by reason and value, no duplicates. */
export function sortWarnings(warnings: readonly Warning[]): readonly Warning[] {
  const byName = new Map(warnings.map((warning) => [`${warning.reason}/${warning.value}`, warning]));
  return [...byName].sort(([a], [b]) => compareText(a, b)).map(([, warning]) => warning);
}

function invalid(key: string, value: string, expected: string, podName?: string): Warning {
  const where = podName === undefined ? '' : ` on pod "${podName}"`;
  const shown = excerpt(value);
  return {
    reason: 'InvalidAnnotation',
    value: podName === undefined ? `${key}=${shown}` : `${podName}/${key}=${shown}`,
    message: `${key}${where} cannot be read: ${JSON.stringify(shown)}. ${expected}`,
  };
}
