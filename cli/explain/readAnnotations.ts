/**
 * Says in words how each annotation of a source Service was read.
 *
 * Guarantees: it shows what the rules go by, because it comes out of the same `parseSettings`.
 */

import { formatSpan } from '../../api/formatSpan.ts';
import type { HealthCheckSettings } from '../../lib/selection/healthCheck.ts';
import { annotation, isOurAnnotation } from '../../lib/selection/names.ts';
import { parseSettings, type Settings } from '../../lib/selection/settings.ts';
import type { ExplainedAnnotation } from './explainDocument.ts';

/** What a setting says, from the annotation that sets it. */
const readings: Readonly<Record<string, (settings: Settings) => string>> = {
  [annotation.enabled]: ({ enabled }) => (enabled ? 'opted in' : 'opted out'),
  [annotation.leaderServiceName]: (settings) => settings.leaderServiceName ?? 'the default name',
  [annotation.sticky]: ({ sticky }) => (sticky ? 'a fit leader stays' : 'a better pod takes over'),
  [annotation.strategy]: ({ strategy }) => strategy,
  [annotation.minReadyDuration]: ({ minReadyMs }) => formatSpan(minReadyMs),
  [annotation.failoverMinDelay]: ({ failoverMinDelayMs }) => formatSpan(failoverMinDelayMs),
  [annotation.noLeader]: ({ noLeader }) => noLeader,
  [annotation.portsMode]: ({ portsMode }) => portsMode,
  [annotation.pinLeader]: ({ pinLeader }) => pinLeader ?? 'no pin',
  [annotation.paused]: ({ paused }) => (paused ? 'paused' : 'not paused'),
  [annotation.followers]: ({ followers }) =>
    followers === true ? 'the default name' : followers === false ? 'no followers Service' : followers,
  [annotation.leaderServiceType]: ({ leaderServiceType }) => leaderServiceType,
  [annotation.healthCheck]: ({ healthCheck }) =>
    healthCheck === null ? 'no check' : `${healthCheck.scheme}, port ${healthCheck.port}`,
  [annotation.healthCheckInterval]: ofCheck(({ intervalMs }) => formatSpan(intervalMs)),
  [annotation.healthCheckTimeout]: ofCheck(({ timeoutMs }) => formatSpan(timeoutMs)),
  [annotation.healthCheckFailureThreshold]: ofCheck(({ failureThreshold }) => `${failureThreshold} in a row`),
  [annotation.healthCheckSuccessThreshold]: ofCheck(({ successThreshold }) => `${successThreshold} in a row`),
};

function ofCheck(read: (check: HealthCheckSettings) => string): (settings: Settings) => string {
  return ({ healthCheck }) => (healthCheck === null ? 'no effect without a health check' : read(healthCheck));
}

/** For a name that zen-lead does not read on a Service, and that is most likely a slip. */
function noEffect(key: string): string {
  const isForPods = key === annotation.priority || key === annotation.exclude;
  return isForPods ? 'has no effect here: it is for a pod' : 'has no effect: zen-lead does not know that name';
}

/** Sorted by annotation. */
export function readAnnotations(annotations: Readonly<Record<string, string>>): readonly ExplainedAnnotation[] {
  const { settings, unreadable } = parseSettings(annotations);
  return Object.entries(annotations)
    .filter(([key]) => isOurAnnotation(key))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({
      annotation: key,
      value,
      readAs: readings[key]?.(settings) ?? noEffect(key),
      accepts: unreadable.find((each) => each.annotation === key)?.expected ?? null,
    }));
}
