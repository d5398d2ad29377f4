/**
 * Decides as a function does, and writes nothing. Beside a zen-lead that does the work, its replies
 * say what that one decides, too, because both ask the same rules.
 */

import { readService } from '../../functions/reconcile/readService.ts';
import { toRecheckDelay } from '../../lib/events/recheckDelay.ts';
import { toElectionReply } from '../../lib/events/reply.ts';
import type { Sink } from '../../lib/events/sink.ts';
import { parseSubject } from '../../lib/events/subject.ts';
import { clusterSource, toReply } from '../../lib/events/toReply.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { assess } from '../../lib/selection/assess.ts';

export function createDrySink(api: KubeApi, clusterName: string): Sink {
  return async ({ subject, data }, signal) => {
    const service = parseSubject(subject);
    // For a hint the state has to be read, by the same code as in a function.
    const read = data.snapshot === undefined ? (await readService(api, service, Date.now, signal)).snapshot : null;
    const snapshot = data.snapshot ?? read;
    if (snapshot === null) return { status: 200 };
    const now = Date.now();
    const { decision, nextLookAt, elections } = assess(snapshot, now);
    const { kind, reason, previous, leader, epoch } = decision;
    const context = {
      source: clusterSource(clusterName),
      subject: service,
      sourceUid: snapshot.source?.uid ?? null,
      decidedAt: now,
    };
    const reply = toReply(context, {
      decision: kind,
      reason,
      previous,
      leader,
      epoch,
      ...(elections !== undefined && {
        elections: elections.map((each) => toElectionReply(each, each.decision)),
      }),
      ...(read === null ? { basis: 'event' } : { basis: 'read', snapshot: read }),
      ...(nextLookAt === null ? {} : { recheckAfterMs: toRecheckDelay(nextLookAt - now) }),
    });
    return { status: 200, reply };
  };
}
