/**
 * Says in words how each annotation of a source Service was read.
 *
 * Guarantees: it shows what the rules go by, because it comes out of the same `parseSettings`.
 */

import { formatSpan } from '../../api/formatSpan.ts';
import {
  MAX_ACTIVE,
  MAX_ELECTIONS,
  parseActive,
  parseElections,
  parseSpread,
  spreads,
} from '../../lib/selection/elections/electionSettings.ts';
import type { CheckTiming } from '../../lib/selection/healthCheck.ts';
import { annotation, isOurAnnotation } from '../../lib/selection/names.ts';
import type { RoleQuestion } from '../../lib/selection/roleCheck.ts';
import { overruledByRole } from '../../lib/selection/roleWarnings.ts';
import { parseSettings, type Settings } from '../../lib/selection/settings.ts';
import type { ExplainedAnnotation } from './explainDocument.ts';

/** What a setting says, from the annotation that sets it. */
const readings: Readonly<Record<string, (settings: Settings, value: string) => string>> = {
  [annotation.enabled]: ({ enabled }) => (enabled ? 'opted in' : 'opted out'),
  [annotation.leaderServiceName]: (settings) => settings.leaderServiceName ?? 'the default name',
  [annotation.sticky]: ({ sticky }) => (sticky ? 'a fit leader stays' : 'a better pod takes over'),
  [annotation.strategy]: ({ strategy }) => strategy,
  [annotation.candidateCondition]: ({ candidateCondition }) => `pods are judged by ${candidateCondition}`,
  [annotation.preferredNodes]: ({ preferredNodes }) => inOrder(preferredNodes),
  [annotation.preferredZones]: ({ preferredZones }) => inOrder(preferredZones),
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
  [annotation.roleCheck]: ({ roleCheck }) =>
    roleCheck === null ? 'no check' : `${roleCheck.scheme}, port ${roleCheck.port}`,
  [annotation.roleCheckSend]: ofTcpRoles(({ send }) => `sends ${send.length} bytes`),
  [annotation.roleCheckExpect]: ofTcpRoles(({ expect }) => `expects ${expect.length} bytes of a primary`),
  [annotation.healthCheckInterval]: ofCheck(({ intervalMs }) => formatSpan(intervalMs)),
  [annotation.healthCheckTimeout]: ofCheck(({ timeoutMs }) => formatSpan(timeoutMs)),
  [annotation.healthCheckFailureThreshold]: ofCheck(({ failureThreshold }) => `${failureThreshold} in a row`),
  [annotation.healthCheckSuccessThreshold]: ofCheck(({ successThreshold }) => `${successThreshold} in a row`),
  [annotation.onDemote]: ({ onDemote }) => onDemote,
  [annotation.scaleDown]: ({ scaleDown }) =>
    scaleDown === null ? 'as it is' : `the leader and ${scaleDown} others, once it has led for scale-down-after`,
  [annotation.scaleDownAfter]: ({ scaleDownAfterMs }) => formatSpan(scaleDownAfterMs),
  [annotation.elections]: (_, value) => (parseElections(value) ?? ['as they are']).join(', '),
  [annotation.active]: (_, value) => `${parseActive(value) ?? 'as many slots as there are'} at once`,
  [annotation.spread]: (_, value) => `${parseSpread(value) ?? 'prefer'}, of pods that lead another election`,
  [annotation.handover]: ({ handover }) =>
    handover === 'overlap' ? 'a planned move overlaps' : 'the leader is routed to alone',
  [annotation.handoverOverlap]: ({ handover, handoverOverlapMs }) =>
    handover === 'overlap' ? formatSpan(handoverOverlapMs) : 'no effect without handover: overlap',
  [annotation.onCordon]: ({ onCordon }) => (onCordon === 'move' ? 'a leader leaves a cordoned node' : 'a leader stays'),
};

function inOrder(places: readonly string[]): string {
  return places.length === 0 ? 'no preference' : places.join(', then ');
}

function ofCheck(read: (timing: CheckTiming) => string): (settings: Settings) => string {
  return ({ healthCheck, roleCheck }) => {
    const check = roleCheck ?? healthCheck;
    return check === null ? 'no effect without a health check' : read(check);
  };
}

function ofTcpRoles(read: (question: RoleQuestion) => string): (settings: Settings) => string {
  return ({ roleCheck }) =>
    roleCheck?.scheme === 'tcp' ? read(roleCheck.role) : 'no effect without a role check over tcp';
}

const forPods: ReadonlySet<string> = new Set([annotation.priority, annotation.weight, annotation.exclude]);

function read(key: string, settings: Settings, value: string): string | null {
  if (settings.roleCheck !== null && overruledByRole.includes(key)) return 'no effect beside a role check';
  return readings[key]?.(settings, value) ?? null;
}

/** For a name that zen-lead does not read on a Service, and that is most likely a slip. */
function noEffect(key: string): string {
  return forPods.has(key) ? 'has no effect here: it is for a pod' : 'has no effect: zen-lead does not know that name';
}

/** What the annotations of elections would accept; null where they can be read. */
function acceptsOf(key: string, value: string): string | null {
  if (key === annotation.elections && parseElections(value) === null)
    return `up to ${MAX_ELECTIONS} DNS labels, separated by commas`;
  if (key === annotation.active && parseActive(value) === null) return `a whole number from 1 to ${MAX_ACTIVE}`;
  return key === annotation.spread && parseSpread(value) === null ? spreads.join(', ') : null;
}

/** Sorted by annotation. `keys`: how one is written, where that has the prefix of an election. */
export function readAnnotations(
  annotations: Readonly<Record<string, string>>,
  keys: Readonly<Record<string, string>> = {},
): readonly ExplainedAnnotation[] {
  const { settings, unreadable } = parseSettings(annotations);
  return Object.entries(annotations)
    .filter(([key]) => isOurAnnotation(key))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({
      annotation: keys[key] ?? key,
      value,
      readAs: read(key, settings, value) ?? noEffect(key),
      accepts: unreadable.find((each) => each.annotation === key)?.expected ?? acceptsOf(key, value),
    }));
}
