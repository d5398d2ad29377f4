/**
 * Looks: what stands between an event and `look`: the rule for hints, their coalescing, the report. Both handlers go through here,
 * and so does the sink of `zen-lead run`.
 *
 * Guarantees: an event without a sender that is trusted decides nothing itself: only its subject is used.
 */

import type { ForeignHint } from '../../lib/events/foreign.ts';
import type { ParsedReconcileEvent } from '../../lib/events/parseReconcileEvent.ts';
import type { ReplyEvent } from '../../lib/events/reply.ts';
import { clusterSource, toReply } from '../../lib/events/toReply.ts';
import { aboutService } from '../../lib/telemetry/sourceService.ts';
import { watchColdStart } from '../coldStart.ts';
import { createCoalescer } from './coalesce.ts';
import type { FindConcerned } from './concerned.ts';
import { type HintReason, type WhyHint, whyHint } from './freshness.ts';
import { chooseBasis, type ReconcileRequest, reconcile } from './reconcile.ts';
import { type ReportDeps, reportFailure, reportReconcile } from './report.ts';
import type { Basis, SettleDeps } from './settle.ts';
import { createSharedReads } from './sharedReads.ts';

export interface Reconciler {
  reconcile(event: ParsedReconcileEvent, isTrusted: boolean, signal: AbortSignal): Promise<ReplyEvent>;
  /** Every Service that a foreign event concerns, one after another; rejects with the first failure. */
  reconcileAround(hint: ForeignHint, findConcerned: FindConcerned, signal: AbortSignal): Promise<readonly ReplyEvent[]>;
}

export interface ReconcilerDeps extends SettleDeps, ReportDeps {
  readonly clusterName: string;
  /** What makes a snapshot a hint; freshness.ts unless told otherwise. */
  readonly whyHint?: WhyHint;
}

/** Each may hold the state of a namespace; beyond it the answer is 429. */
const MAX_HINT_KEYS = 1_000;

export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const readNamespace = createSharedReads(deps);
  const hints = createCoalescer<ReplyEvent>(MAX_HINT_KEYS);
  const noteDecision = watchColdStart(deps.metrics);
  const foreign = createCoalescer<readonly ReplyEvent[]>(MAX_HINT_KEYS);

  async function run(
    request: ReconcileRequest,
    observedAt: number | undefined,
    signal: AbortSignal,
  ): Promise<ReplyEvent> {
    const startedAt = deps.now();
    const context = { request, observedAt, startedAt };
    try {
      const result = await aboutService(request.service.name, () =>
        reconcile(request, { ...deps, readNamespace }, signal),
      );
      reportReconcile(context, result, deps);
      noteDecision(observedAt);
      const { sourceUid, decidedAt } = result;
      const replyContext = { source: clusterSource(deps.clusterName), subject: request.service, sourceUid, decidedAt };
      return toReply(replyContext, result.reply);
    } catch (error) {
      reportFailure(context, error, deps);
      throw error;
    }
  }

  return {
    reconcile(event, isTrusted, signal) {
      const { subject: service, type, traceparent } = event;
      // Anybody can write any time into an event; it would only spoil the latency that is measured.
      const observedAt = isTrusted ? event.observedAt : undefined;
      const basis = basisOf(event, isTrusted, deps);
      if (typeof basis !== 'string') {
        const carry = event.data.kind === 'readable' ? event.data.value.carry : undefined;
        return run(
          { service, type, basis, traceparent, ...(carry === undefined ? {} : { carry }) },
          observedAt,
          signal,
        );
      }
      const key = `${service.namespace}/${service.name}`;
      return hints.run(key, (stop) => run({ service, type, basis, traceparent }, observedAt, stop), signal);
    },

    async reconcileAround(hint, findConcerned, signal) {
      const { namespace, objectKind, name, type } = hint;
      return foreign.run(
        `${namespace}/${objectKind}/${name}`,
        async (stop) => {
          const state = await readNamespace(namespace, stop);
          const replies: ReplyEvent[] = [];
          for (const concerned of findConcerned(state, hint)) {
            const service = { namespace, name: concerned };
            replies.push(await run({ service, type, basis: 'foreign', state }, undefined, stop));
          }
          return replies;
        },
        signal,
      );
    },
  };
}

function basisOf({ data }: ParsedReconcileEvent, isTrusted: boolean, deps: ReconcilerDeps): Basis | HintReason {
  if (!isTrusted) return 'untrusted';
  return data.kind === 'unreadable' ? 'unreadable' : chooseBasis(data.value, deps.now(), deps.whyHint ?? whyHint);
}
