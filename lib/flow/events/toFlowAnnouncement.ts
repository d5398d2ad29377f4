/**
 * Builds the CloudEvent that tells others about a flow or one of its steps.
 * docs/reference/flows.md#announcements
 *
 * Guarantees: the id follows from the flow, the step, the attempt and what happened, so that a
 * receiver recognises a second copy. Its time is that of the change.
 */

import type { CloudEventV1 } from 'cloudevents';
import { formatRfc3339 } from '../../events/rfc3339.ts';
import { clusterSource } from '../../events/toReply.ts';
import type { AnnouncedPhase, Owed } from '../announce/outbox.ts';
import { jobName } from '../state/names.ts';
import type { FlowView } from '../state/snapshot.ts';
import { announcementDataSchema } from './flowDataSchema.ts';
import { flowSubject } from './flowSubject.ts';

const jobless: readonly (string | null)[] = [
  'Approved',
  'Memoized',
  'NoItems',
  'Rejected',
  'ApprovalTimeout',
  'WhenError',
  'InvalidInput',
];

/** Reasons for which a step ends without a Job. */
const isJobless = (reason: string | null): boolean => jobless.includes(reason);

/** One for a step, and one for the flow itself, which has no step, attempt and job. */
export interface AnnouncementData {
  readonly flow: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly step?: string;
  readonly attempt?: number;
  /** The name of the Job of a step that started or ended as one. */
  readonly job?: string;
  readonly phase: AnnouncedPhase;
  readonly reason: string | null;
  readonly exitCode?: number;
  readonly by?: string;
  /** Of the record that said so first. */
  readonly revision: number;
}

export interface FlowAnnouncement extends CloudEventV1<AnnouncementData> {
  readonly type: `io.zen-flow.${'step' | 'flow'}.${AnnouncedPhase}`;
  readonly partitionkey: string;
  readonly sequence: string;
  readonly data: AnnouncementData;
}

export function toFlowAnnouncement(
  { namespace, name, uid }: Pick<FlowView, 'namespace' | 'name' | 'uid'>,
  { rev, step, attempt, phase, reason, at, exitCode, by }: Owed,
  clusterName: string,
): FlowAnnouncement {
  const hasJob =
    step !== null && (phase === 'started' || ((phase === 'succeeded' || phase === 'failed') && !isJobless(reason)));
  return {
    specversion: '1.0',
    id: [uid, step ?? '', attempt, phase].join('/'),
    type: `io.zen-flow.${step === null ? 'flow' : 'step'}.${phase}`,
    source: clusterSource(clusterName),
    subject: flowSubject({ namespace, name }),
    time: formatRfc3339(at),
    datacontenttype: 'application/json',
    dataschema: announcementDataSchema,
    partitionkey: `${namespace}/${name}`,
    sequence: String(rev).padStart(20, '0'),
    data: {
      flow: { namespace, name, uid },
      ...(step !== null && { step, attempt }),
      ...(hasJob && { job: jobName({ name, uid }, step, attempt) }),
      phase,
      reason,
      ...(exitCode !== null && { exitCode }),
      ...(by !== null && { by }),
      revision: rev,
    },
  };
}
