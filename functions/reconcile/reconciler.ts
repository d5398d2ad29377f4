/**
 * Stands between an event and `reconcile`: the rule for hints, their coalescing, the report.
 * Every event goes through here.
 *
 * Guarantees: an event without a trusted sender decides nothing itself. Only its subject is used.
 */

import type { ForeignHint } from '../../lib/events/foreign.ts';
import type { ParsedReconcileEvent } from '../../lib/events/parseReconcileEvent.ts';
import type { ReplyData, ReplyEvent } from '../../lib/events/reply.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';
import { clusterSource, toReply } from '../../lib/events/toReply.ts';
import { type ElectionRef, isSameElection } from '../../lib/selection/elections/electionSettings.ts';
import type { GoneSource } from '../../lib/selection/snapshot.ts';
import type { GoneTold } from '../announce/tell.ts';
import { watchColdStart } from '../coldStart.ts';
import { createScaler } from '../scaleDown/scaler.ts';
import { type Carry, formatCarry, leadOfSender } from './carry.ts';
import { type Catalogue, readCatalogue } from './catalogue.ts';
import { createCoalescer } from './coalesce.ts';
import type { FindConcerned } from './concerned.ts';
import { createDemoter } from './demote.ts';
import { createObserved, observationsIn } from './observed.ts';
import { readNamedObject } from './readNamedObject.ts';
import { type ReconcileRequest, type ReconcileResult, reconcile } from './reconcile.ts';
import { ANNOUNCE_AGAIN_MS } from './reconcileElection.ts';
import { type ReportDeps, reportFailure, reportReconcile } from './report.ts';
import type { SettleDeps } from './settle.ts';
import { createSharedReads } from './sharedReads.ts';
import { type Evidence, type WhyHint, whyHint } from './whyHint.ts';

export interface Reconciler {
  reconcile(event: ParsedReconcileEvent, isTrusted: boolean, signal: AbortSignal): Promise<ReplyEvent>;
  /**
   * Every Service that a foreign event concerns, one after another; rejects with the first failure.
   */
  reconcileAround(hint: ForeignHint, findConcerned: FindConcerned, signal: AbortSignal): Promise<readonly ReplyEvent[]>;
}

export interface ReconcilerDeps extends Omit<SettleDeps, 'demoter' | 'scaler'>, ReportDeps {
  readonly clusterName: string;
  /** Services whose hints are served at once. Beyond it the answer is 429. */
  readonly maxHints?: number | undefined;
  /** Whether workloads may be scaled, for Services that ask for it. */
  readonly scaleDown?: boolean | undefined;
  /** A signal that aborts after so many milliseconds. */
  readonly timeoutSignal?: ((timeoutMs: number) => AbortSignal) | undefined;
  /** Another rule for hints than our own. */
  readonly whyHint?: WhyHint;
}

/** A reconcile that is over: what its callers hear, each with a carry by its own clock. */
interface Outcome {
  readonly context: Parameters<typeof toReply>[0];
  readonly reply: ReplyData;
  readonly carry: Carry;
}

/** A foreign event has no data that a decision could rest on. */
const noData = { kind: 'unreadable', problem: 'an event of another source' } as const;
const foreignEvidence = { kind: 'foreign', isTrusted: false, data: noData, isResync: false, writes: [] } as const;

/** Each may hold the state that it reads. */
const MAX_HINTS = 1_000;

export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const rule = deps.whyHint ?? whyHint;
  const { maxHints = MAX_HINTS } = deps;
  const { readService } = createSharedReads(deps);
  const hints = createCoalescer<Outcome>(maxHints);
  const demoter = createDemoter(deps);
  const scaler = createScaler(deps);
  const observed = createObserved();
  const noteDecision = watchColdStart(deps.metrics);
  const foreign = createCoalescer<readonly ReplyEvent[]>(maxHints);
  const catalogues = createCoalescer<Catalogue>(Number.POSITIVE_INFINITY);
  /** By Service: apart from `hints`, whose events may say what a bridge has observed. */
  const around = createCoalescer<Outcome>(maxHints);

  async function endGone(service: ServiceRef, gone: GoneSource, signal: AbortSignal): Promise<GoneTold> {
    const isRestored = await scaler.restoreGone(service.namespace, gone, signal);
    const told = await deps.announcer.tellGone(service, gone, signal);
    return isRestored ? told : { settled: null };
  }

  async function run(
    request: ReconcileRequest,
    observedAt: number | undefined,
    signal: AbortSignal,
    gone?: GoneSource,
  ): Promise<Outcome> {
    const startedAt = deps.now();
    const reported = { request, observedAt, startedAt };
    try {
      // Before the reconcile, which may announce the leader of the next Service of this name.
      const ended = gone === undefined ? null : await endGone(request.service, gone, signal);
      const result = await reconcile(request, { ...deps, demoter, scaler, readService, whyHint: rule }, signal);
      for (const [index, each] of byElection(result).entries()) reportReconcile(reported, each, deps, index === 0);
      if (result.failure !== undefined) throw result.failure;
      noteDecision(observedAt);
      const { sourceUid, decidedAt, carry, reply } = result;
      const context = { source: clusterSource(deps.clusterName), subject: request.service, sourceUid, decidedAt };
      return { context, reply: ended === null ? reply : withEnding(reply, ended), carry };
    } catch (error) {
      reportFailure(reported, error, deps);
      throw error;
    }
  }

  return {
    async reconcile(event, isTrusted, signal) {
      const { type, traceparent } = event;
      const { namespace, name, election, slot = 0 } = event.subject;
      const service = { namespace, name };
      const asked = election === undefined ? undefined : { election, slot };
      // A sender can write any time into an event, which would only spoil the latency that is
      // measured.
      const observedAt = isTrusted ? event.observedAt : undefined;
      const evidence: Evidence = {
        kind: 'reconcile',
        isTrusted,
        data: event.data,
        isResync: type === 'io.zen-lead.service.resync',
        now: deps.now(),
        writes: [],
      };
      const request = { service, type, evidence, hint: rule(evidence), traceparent };
      const gone = isTrusted && event.data.kind === 'readable' ? event.data.value.gone : undefined;
      if (request.hint === null) {
        const observations = (now: number) => observationsIn(evidence, now);
        return answer(await run({ ...request, observations }, observedAt, signal, gone), evidence, asked);
      }
      const key = `${namespace}/${name}`;
      const release = observed.hold(key, evidence);
      const hint = { ...request, observations: (now: number) => observed.newest(key, now) };
      const outcome = await hints.run(key, (stop) => run(hint, observedAt, stop, gone), signal).finally(release);
      return answer(outcome, evidence, asked);
    },

    async reconcileAround(hint, findConcerned, signal) {
      const { namespace, objectKind, name, type } = hint;
      return foreign.run(
        `${namespace}/${objectKind}/${name}`,
        async (stop) => {
          const catalogue = await catalogues.run(namespace, (each) => readCatalogue(deps.api, namespace, each), stop);
          const named = await readNamedObject(deps.api, hint, stop);
          const replies: ReplyEvent[] = [];
          for (const concerned of findConcerned(catalogue, hint, named)) {
            const service = { namespace, name: concerned };
            const evidence: Evidence = { ...foreignEvidence, now: deps.now() };
            const request = { service, type, evidence, hint: rule(evidence) };
            const work = (each: AbortSignal) => run(request, undefined, each);
            replies.push(answer(await around.run(`${namespace}/${concerned}`, work, stop), evidence));
          }
          return replies;
        },
        signal,
      );
    },
  };
}

/** `asked`: the election that the event named. The reply is about that one, where there is one. */
function answer({ context, reply, carry }: Outcome, evidence: Evidence, asked?: ElectionRef): ReplyEvent {
  const text = formatCarry(carry, leadOfSender(evidence));
  const subject = { ...context.subject, ...asked };
  return toReply({ ...context, subject }, about(asked, text === undefined ? reply : { ...reply, carry: text }));
}

/** One result for each election; the result itself where there is one. */
function byElection(result: ReconcileResult): readonly ReconcileResult[] {
  return result.elections?.map((each) => ({ ...result, ...each, carry: result.carry, elections: [each] })) ?? [result];
}

/** The reply about the election that the event named, where the Service has it. */
function about(asked: ElectionRef | undefined, reply: ReplyData): ReplyData {
  const found = asked && reply.elections?.find((each) => isSameElection(each, asked));
  if (found === undefined) return reply;
  const { decision, reason, previous, leader, epoch } = found;
  return { ...reply, decision, reason, previous, leader, epoch };
}

/** What is still owed is tried again soon. */
function withEnding(reply: ReplyData, { settled }: GoneTold): ReplyData {
  if (settled !== null) return { ...reply, goneAnnounced: settled };
  return { ...reply, recheckAfterMs: Math.min(reply.recheckAfterMs ?? ANNOUNCE_AGAIN_MS, ANNOUNCE_AGAIN_MS) };
}
