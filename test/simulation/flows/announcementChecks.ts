/**
 * Checks that others are told what the records say: each change at least once, and none before the
 * record said so. It compares records, and reads nothing of their outbox.
 *
 * What a record owed that a person deleted is lost with it, and so is that of a flow that is gone.
 */

import type { FlowAnnouncement } from '../../../lib/flow/events/toFlowAnnouncement.ts';
import { parseRecordObject } from '../../../lib/flow/objects/parseRecordObject.ts';
import type { FlowRecord, StepPhase } from '../../../lib/flow/state/record.ts';
import type { ObservedWrite } from '../apiServer.ts';
import type { Etcd } from '../etcd.ts';

export interface AnnouncementChecks {
  onWrite(write: ObservedWrite): void;
  readonly onTold: (event: FlowAnnouncement) => void;
  isOwing(): boolean;
  violations(): readonly string[];
}

const phases: Readonly<Record<StepPhase, string | null>> = {
  Pending: null,
  PendingApproval: 'waiting',
  Running: 'started',
  Succeeded: 'succeeded',
  Failed: 'failed',
  Skipped: 'skipped',
};

export function createAnnouncementChecks(etcd: Etcd): AnnouncementChecks {
  /** By id, the flow's uid. */
  const owed = new Map<string, string>();
  const said = new Set<string>();
  const told = new Set<string>();
  /** Flows whose record a person deleted. The next one says what was told by the deleted one. */
  const rebuilt = new Set<string>();
  /** The attempt that a record has come to, by flow and step: what is before it is over. */
  const reached = new Map<string, number>();
  const early: string[] = [];

  function onRecord(owner: string, before: FlowRecord | null, after: FlowRecord): void {
    const isRebuilt = before === null && rebuilt.delete(owner);
    const say = (step: string, attempt: number, phase: string): void => {
      const id = `${owner}/${step}/${attempt}/${phase}`;
      said.add(id);
      if (!isRebuilt) owed.set(id, owner);
    };
    const old = new Map(before?.steps.map((step) => [step.name, step]));
    for (const { name, phase, attempt } of after.steps) {
      const previous = old.get(name);
      // One write may end an attempt and start the next one. It does not say how it ended.
      if (previous?.phase === 'Running' && attempt > previous.attempt) say(name, previous.attempt, 'ended');
      reached.set(`${owner}/${name}`, attempt);
      const isNew = previous?.phase !== phase || previous.attempt !== attempt;
      const news = phases[phase];
      if (isNew && news !== null) say(name, attempt, news);
    }
    if (before === null) say('', after.rev, 'started');
    if (after.endedAt !== null && (before?.endedAt ?? null) === null)
      said.add(`${owner}//${after.rev}/succeeded`).add(`${owner}//${after.rev}/failed`);
  }

  const readRecorded = (object: unknown) => {
    const { ownerUid, record } = parseRecordObject(object);
    return { owner: ownerUid ?? '', record: record === 'unreadable' ? null : record };
  };
  const owedNow = (): readonly string[] => {
    const uids = new Set(etcd.list('jobflows').map(({ metadata }) => metadata.uid));
    return [...owed].filter(([id, owner]) => uids.has(owner) && !told.has(id)).map(([id]) => id);
  };

  return {
    onWrite({ plural, outcome, before, after, request }) {
      if (plural !== 'jobflowrecords' || outcome !== 'written') return;
      if (request.verb === 'delete') {
        const { owner } = readRecorded(before);
        rebuilt.add(owner);
        for (const [id, each] of owed) if (each === owner) owed.delete(id);
      }
      const now = after === null ? null : readRecorded(after);
      if (now === null || now.record === null) return;
      onRecord(now.owner, before === null ? null : readRecorded(before).record, now.record);
    },
    onTold({ id, data: { flow, step, attempt = 0, phase } }) {
      told.add(id);
      if (phase === 'succeeded' || phase === 'failed') told.add(`${flow.uid}/${step}/${attempt}/ended`);
      if (step === undefined || said.has(id)) return;
      // One write may say several attempts of a question that is answered already.
      const recorded = reached.get(`${flow.uid}/${step}`) ?? 0;
      if (attempt > recorded || (attempt === recorded && phase !== 'waiting')) early.push(id);
    },
    isOwing: () => owedNow().length > 0,
    violations: () => [
      ...early.map((id) => `told before its record: ${id}`),
      ...owedNow().map((id) => `never told: ${id}`),
    ],
  };
}
