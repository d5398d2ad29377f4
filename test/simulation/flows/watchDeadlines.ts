/**
 * Checks of one function that it writes nothing past its deadline (Z4): that of the snapshot in the
 * event, or two seconds after it began to read.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Sink } from '../../../lib/events/sink.ts';
import type { FlowEvent, FlowReply } from '../../../lib/flow/events/flowEvent.ts';
import { events, jobFlowStatus, type KubeApi, type Resource } from '../../../lib/kube/kubeApi.ts';

/** As reconcileFlow.ts has it. */
const READ_LIFETIME_MS = 2_000;

interface Watched {
  readonly api: KubeApi;
  /** Takes what the events themselves say, before a test changes it. */
  watch(handle: Sink<FlowEvent, FlowReply>): Sink<FlowEvent, FlowReply>;
}

export function watchDeadlines(api: KubeApi, now: () => number, violations: string[]): Watched {
  const work = new AsyncLocalStorage<{ until: number }>();
  const noteRead = (): void => {
    const current = work.getStore();
    if (current !== undefined) current.until = Math.max(current.until, now() + READ_LIFETIME_MS);
  };
  /** The view and the news follow from what was written, and decide nothing. */
  const noteWrite = (resource: Resource): void => {
    if (resource.plural === events.plural || resource.subresource === jobFlowStatus.subresource) return;
    const until = work.getStore()?.until ?? Number.NEGATIVE_INFINITY;
    if (now() >= until) violations.push(`Z4: a write of ${resource.plural} ${now() - until} ms past its deadline`);
  };
  return {
    api: {
      ...api,
      get(...call) {
        noteRead();
        return api.get(...call);
      },
      list(...call) {
        noteRead();
        return api.list(...call);
      },
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
