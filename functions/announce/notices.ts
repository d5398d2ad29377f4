/**
 * Words the Kubernetes Event of an announcement or a warning. Pure.
 */

import { hashId } from '../../lib/events/eventId.ts';
import type { Announcement } from '../../lib/selection/announcement.ts';
import { type Decision, endReasons, type Warning } from '../../lib/selection/decision.ts';
import type { DemotionOrder } from '../../lib/selection/demotion.ts';
import { electionKey } from '../../lib/selection/elections/electionSettings.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import type { Write } from '../../lib/selection/write.ts';
import type { HeldBack } from '../reconcile/damping.ts';
import type { EventReason, Notice } from './kubernetesEvent.ts';

export function toNotices(announcement: Announcement): readonly Notice[] {
  const { newService, reason } = announcement;
  const notices: Notice[] = [];
  if (newService !== null) {
    const note = `Created Service "${newService.name}".`;
    notices.push({ type: 'Normal', reason: 'LeaderServiceCreated', value: newService.uid, note });
  }
  // The removal that follows has an Event of its own.
  if (!endReasons.has(reason)) notices.push(toLeaderNotice(announcement));
  return notices;
}

function toLeaderNotice({ leader, previous, reason, epoch }: Announcement): Notice {
  if (leader === null) {
    const past = previous === null ? '' : ` Pod "${previous.name}" no longer leads.`;
    const note = `No leader: ${reason} (epoch ${epoch}).${past}`;
    return { type: 'Warning', reason: toLostReason(reason), value: reason, note };
  }
  const isChange = previous !== null && previous.uid !== leader.uid;
  const past = isChange ? `, before it "${previous.name}"` : '';
  const note = `Pod "${leader.name}" leads${past}: ${reason} (epoch ${epoch}).`;
  return { type: 'Normal', reason: isChange ? 'LeaderChanged' : 'LeaderElected', value: leader.uid, note };
}

function toLostReason(reason: Announcement['reason']): EventReason {
  switch (reason) {
    case 'NoPodsFound':
    case 'PortResolutionFailed':
    case 'InvalidService':
    case 'NoPrimary':
    case 'NoFreePod':
      return reason;
    case 'NoHealthyPods':
      return 'HealthCheckFailing';
    case 'AllReported':
      return 'ReportedUnfit';
    default:
      return 'NoReadyPods';
  }
}

export function toWarningNotice({ reason, value, message }: Warning): Notice {
  return { type: 'Warning', reason, value, note: message };
}

export function toDemotedNotice({ mode, demotion }: DemotionOrder): Notice {
  const verb = mode === 'evict' ? 'Evicted' : 'Deleted';
  const note = `${verb} pod "${demotion.pod}", which was left at epoch ${demotion.epoch} because it did not work.`;
  return { type: 'Normal', reason: 'LeaderDemoted', value: demotion.uid, note };
}

/** A change of `scale` that was acknowledged. */
export interface Scaled {
  readonly workload: string;
  readonly from: number;
  readonly to: number;
  readonly isUp: boolean;
  /** Epoch milliseconds. */
  readonly at: number;
}

export function toScaledNotice({ workload, from, to, isUp, at }: Scaled): Notice {
  const verb = isUp ? 'Restored' : 'Scaled down';
  const note = `${verb} ${workload} from ${from} to ${to} replicas.`;
  return { type: 'Normal', reason: isUp ? 'ScaledUp' : 'ScaledDown', value: String(at), note };
}

/** One for each of our Services that these writes removed. */
export function toRemovalNotices(writes: readonly Write[]): readonly Notice[] {
  return writes.flatMap((write): Notice[] => {
    if (write.kind !== 'delete' || write.resource !== 'services') return [];
    return [
      { type: 'Normal', reason: 'LeaderServiceRemoved', value: write.uid, note: `Removed Service "${write.name}".` },
    ];
  });
}

/** One Event an object, however long it is fought over. */
export function toUndoneNotice({ resource, name }: HeldBack, managers: readonly string[]): Notice {
  const object = `${resource === 'services' ? 'Service' : 'EndpointSlice'} "${name}"`;
  const who =
    managers.length === 0
      ? 'No other field manager is recorded: an admission webhook or policy changes it as it is written.'
      : `Changed by ${managers.join(', ')}.`;
  const note = `${object} does not stay as zen-lead writes it. ${who} zen-lead tries again, at most 5 minutes apart.`;
  return { type: 'Warning', reason: 'WriteUndone', value: name, note };
}

/**
 * Tells a warning apart from every other one, in 40 characters; the name of its Event follows from
 * the same parts.
 */
export function warningKey(
  { source, election }: Pick<Snapshot, 'source' | 'election'>,
  { epoch }: Pick<Decision, 'epoch'>,
  { reason, value }: Pick<Notice, 'reason' | 'value'>,
): string {
  const of = election === undefined ? [] : [electionKey(election)];
  return hashId([source?.uid ?? '', ...of, epoch, reason, value]);
}

/**
 * One cause gives one Event: the numbers of a quota change with everything that others use of it.
 */
export function toRefusalNotice(message: string): Notice {
  const note = `Kubernetes refuses what zen-lead writes: ${message}`;
  return { type: 'Warning', reason: 'WriteRefused', value: message.replaceAll(/\d+/g, '#'), note };
}
