/**
 * createFlowHandler: handles the events of flows and schedules that arrive over HTTP.
 *
 * Guarantees: the data of a sender that is not trusted is not even read. Only a trusted sender gets
 * the state that was read.
 */

import type { FlowRef, FlowReply, FlowReplyData } from '../../lib/flow/events/flowEvent.ts';
import { flowSubject } from '../../lib/flow/events/flowSubject.ts';
import { type PackedSnapshot, packSnapshot } from '../../lib/flow/events/packSnapshot.ts';
import {
  type ForeignFlowHint,
  type IncomingFlowEvent,
  type ParsedFlowEvent,
  parseFlowEvent,
  readFlowData,
} from '../../lib/flow/events/parseFlowEvent.ts';
import { toScheduleReply } from '../../lib/flow/events/scheduleEvent.ts';
import { toFlowReply } from '../../lib/flow/events/toFlowReply.ts';
import type { EventHandler } from '../eventHandler.ts';
import { onScheduleEvent } from '../schedules/onScheduleEvent.ts';
import { countCalls } from './countCalls.ts';
import { createFlowReconciler, hintData } from './flowReconciler.ts';
import { findFlowOf, onJobEvent } from './onJobEvent.ts';
import { onJobFlowEvent } from './onJobFlowEvent.ts';
import type { FlowDeps, FlowRequest } from './reconcileFlow.ts';

export interface FlowHandlerDeps extends FlowDeps {
  /** Flows whose hints are served at once. */
  readonly maxHints?: number | undefined;
}

export function createFlowHandler({ maxHints, ...deps }: FlowHandlerDeps): EventHandler<IncomingFlowEvent> {
  const reconciler = createFlowReconciler(deps, maxHints);
  const counted = { ...deps, api: countCalls(deps.api, deps.metrics) };

  const answer = ({ source }: { readonly source: string }, flow: FlowRef, data: FlowReplyData) =>
    pack(toFlowReply({ source, subject: flowSubject(flow), decidedAt: deps.now() }, data), deps.now());

  function requestOf(event: ParsedFlowEvent, isTrusted: boolean): FlowRequest {
    const { flow, observedAt, subject } = event;
    if (!isTrusted) return { flow, data: hintData(), whyHint: 'untrusted' };
    const read = readFlowData(event);
    if (read.kind === 'readable') return { flow, data: read.value, observedAt };
    deps.log.warn({ subject, problem: read.problem }, 'the data of an event cannot be read');
    return { flow, data: hintData(read.carry), whyHint: 'unreadable' };
  }

  async function answerSchedule(source: string, { namespace, name }: FlowRef, signal: AbortSignal) {
    const ref = { namespace, name };
    return toScheduleReply(source, ref, await onScheduleEvent(ref, counted, signal), deps.now());
  }

  async function onForeign(event: ForeignFlowHint, signal: AbortSignal) {
    const { object } = event;
    if (object === null) return [];
    if (object.kind === 'JobFlowSchedule') return [await answerSchedule(event.source, object, signal)];
    const isJob = object.kind === 'Job';
    const flow = isJob ? await findFlowOf(deps.api, object, signal) : object;
    if (flow === null) return [];
    const request = { flow, data: hintData(), whyHint: 'foreign' } as const;
    return [answer(event, flow, await (isJob ? onJobEvent : onJobFlowEvent)(request, reconciler, signal))];
  }

  return {
    parse: parseFlowEvent,
    async handle(event, { sender, signal }) {
      if (event.kind === 'ours') return [];
      if (event.kind === 'foreign') return onForeign(event, signal);
      if (event.kind === 'schedule') return [await answerSchedule(event.source, event.schedule, signal)];
      const { flow } = event;
      const run = event.type.startsWith('io.zen-flow.job.') ? onJobEvent : onJobFlowEvent;
      const request = requestOf(event, sender === 'trusted');
      return [answer(event, flow, await run(request, reconciler, signal))];
    },
    readSchemas: async () => (await import('../../lib/flow/events/flowSchemaFiles.ts')).toFlowSchemaFiles(),
  };
}

/** What travels. */
function pack({ data, ...reply }: FlowReply, now: number): FlowReply<PackedSnapshot> {
  const { snapshot, ...rest } = data;
  return { ...reply, data: { ...rest, ...(snapshot !== undefined && { snapshot: packSnapshot(snapshot, now) }) } };
}
