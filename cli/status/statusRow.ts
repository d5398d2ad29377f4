/**
 * Renders one Service as a row of `zen-lead status`.
 */

import { formatSpan } from '../../api/formatSpan.ts';
import type { LeaderStatus } from '../../api/leaderStatus.ts';
import { perElection } from '../../api/perElection.ts';

export const heading = ['NAMESPACE', 'SERVICE', 'LEADER', 'SINCE', 'EPOCH', 'REASON', 'READY', 'STATE'];
export const wideHeading = [
  ...heading,
  'LEADER-SERVICE',
  'ADDRESS',
  'NODE',
  'ZONE',
  'BEFORE',
  'SCALE-DOWN',
  'DRIFT',
  'WARNINGS',
];

/** One row of a Service, or one for each of its elections and slots. */
export function toRows(status: LeaderStatus, now: number, isWide: boolean): readonly StatusLine[] {
  return perElection(status).map((each) => ({ row: toRow(each, now, isWide), status: each }));
}

export interface StatusLine {
  readonly row: readonly string[];
  /** Of this row alone. */
  readonly status: LeaderStatus;
}

export function toRow(status: LeaderStatus, now: number, isWide: boolean): readonly string[] {
  const { namespace, service, leader, since, epoch, lastReason, pods, drift, warnings, leaderService } = status;
  const row = [
    namespace,
    service,
    leader?.name ?? '<none>',
    since === null ? '-' : formatSpan(now - Date.parse(since)),
    String(epoch),
    lastReason ?? '-',
    `${pods.ready}/${pods.total}`,
    stateOf(status),
  ];
  if (!isWide) return row;
  const where = [leaderService, leader?.address, leader?.node, leader?.zone].map((cell) => cell ?? '-');
  const before = status.history.slice(1, 1 + SHOWN_BEFORE).map(({ pod, at }) => toLeaderBefore(pod, at, now));
  const scaling = status.scaleDown === undefined ? [] : [status.scaleDown.text];
  const more = [before, scaling, drift, warnings.map(({ message }) => message)].map((each) => each.join('; ') || '-');
  return [...row, ...where, ...more];
}

/** More than these would not fit beside the rest. `explain` shows all. */
const SHOWN_BEFORE = 3;

function toLeaderBefore(pod: string | null, at: string | null, now: number): string {
  return `${pod ?? '<none>'}${at === null ? '' : ` (since ${formatSpan(now - Date.parse(at))})`}`;
}

/** What a person should know first. */
export function stateOf(status: LeaderStatus): string {
  const { decision, reason, leader, handover, paused, drift, warnings, verdicts, healthCheck, roleCheck } = status;
  const isReported = verdicts.some(({ pod, fit }) => !fit && pod === leader?.name);
  const words = [
    ...(decision === 'refused' ? [`refused: ${reason}`] : []),
    ...(leader === null && decision !== 'refused' ? [`no leader: ${reason}`] : []),
    ...(leader !== null && healthCheck?.leader === 'failing' ? ['fails its check'] : []),
    ...(isReported ? ['is reported unfit'] : []),
    ...(leader !== null && roleCheck?.leader === 'other' ? ['is not the primary'] : []),
    ...(leader !== null && roleCheck?.leader === 'silent' ? ['does not say its role'] : []),
    ...(roleCheck !== null && roleCheck.primaries.length > 1 ? [`${roleCheck.primaries.length} primaries`] : []),
    ...(handover === undefined ? [] : [`handover from ${handover.from}`]),
    ...(status.scaleDown?.phase === 'down' ? ['scaled down'] : []),
    ...(status.scaleDown?.phase === 'restore' ? ['scaling up again'] : []),
    ...(paused && leader !== null ? ['paused'] : []),
    ...(drift.length > 0 ? ['drift'] : []),
    ...(warnings.length > 0 ? [`${warnings.length} warning${warnings.length === 1 ? '' : 's'}`] : []),
  ];
  return words.join(', ') || 'ok';
}
