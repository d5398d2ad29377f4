/**
 * Checks of one function that it writes nothing past its deadline (Z4): that of the snapshot in the
 * event, or two seconds after the last answer to its reads, or as long as they took where that is
 * longer, ten seconds at most.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Sink } from '../../../lib/events/sink.ts';
import type { FlowEvent, FlowReply } from '../../../lib/flow/events/flowEvent.ts';
import { events, jobFlowStatus, type KubeApi, type Resource } from '../../../lib/kube/kubeApi.ts';

/** As stateRead.ts and reconcileFlow.ts have them. */
const READ_LIFETIME_MS = 2_000;
const READ_LIFETIME_LIMIT_MS = 10_000;

/** One event that is worked on. */
interface Work {
  /** Epoch milliseconds: nothing may be written from then on. */
  until: number;
  /** The first read since the last write. */
  readsSince?: number | undefined;
}

interface Watched {
  readonly api: KubeApi;
  /** Takes what the events themselves say, before a test changes it. */
  watch(handle: Sink<FlowEvent, FlowReply>): Sink<FlowEvent, FlowReply>;
}

export function watchDeadlines(api: KubeApi, now: () => number, violations: string[]): Watched {
  const work = new AsyncLocalStorage<Work>();
  const noteRead = async (read: Promise<unknown>): Promise<unknown> => {
    const current = work.getStore();
    const startedAt = current?.readsSince ?? now();
    if (current !== undefined) current.readsSince = startedAt;
    const answer = await read;
    const lifetimeMs = Math.min(READ_LIFETIME_LIMIT_MS, Math.max(READ_LIFETIME_MS, now() - startedAt));
    if (current !== undefined) current.until = Math.max(current.until, now() + lifetimeMs);
    return answer;
  };
  /** The view and the news follow from what was written, and decide nothing. */
  const noteWrite = (resource: Resource): void => {
    if (resource.plural === events.plural || resource.subresource === jobFlowStatus.subresource) return;
    const current = work.getStore();
    const until = current?.until ?? Number.NEGATIVE_INFINITY;
    if (current !== undefined) current.readsSince = undefined;
    if (now() >= until) violations.push(`Z4: a write of ${resource.plural} ${now() - until} ms past its deadline`);
  };
  return {
    api: {
      ...api,
      get: (...call) => noteRead(api.get(...call)),
      list: (...call) => noteRead(api.list(...call)) as ReturnType<KubeApi['list']>,
      create(...call) {
        noteWrite(call[0]);
        return api.create(...call);
      },
      mergePatch(...call) {
        noteWrite(call[0]);
        return api.mergePatch(...call);
      },
      delete(...call) {
        noteWrite(call[0]);
        return api.delete(...call);
      },
    },
    watch: (handle) => (event, signal) =>
      work.run({ until: event.data.snapshot === undefined ? Number.NEGATIVE_INFINITY : event.data.deadline }, () =>
        handle(event, signal),
      ),
  };
}
