/**
 * createDemoter: carries out the demotion that a write has claimed. It evicts or deletes the pod
 * that was left, and records what the API server said.
 *
 * Guarantees: it sends one request for a claim, with the uid of the pod, and none once the claim is
 * `SEND_WITHIN_MS` old. It never rejects: what stays unanswered is claimed again by a later
 * reconcile (lib/selection/demotion.ts).
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import { type KubeApi, pods } from '../../lib/kube/kubeApi.ts';
import { parseSlice } from '../../lib/kube/parseSlice.ts';
import { applyWrite } from '../../lib/kube/write.ts';
import {
  type Demotion,
  type DemotionOrder,
  patchDemotion,
  SEND_WITHIN_MS,
  settled,
} from '../../lib/selection/demotion.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Announcer } from '../announce/announce.ts';
import { parseObject } from './parseObject.ts';

export interface Demoter {
  /** `slice`: as the API server returned it from the write that claims the demotion. */
  carryOut(snapshot: Snapshot, order: DemotionOrder, slice: unknown, signal: AbortSignal): Promise<void>;
}

export interface DemoterDeps {
  readonly api: KubeApi;
  readonly announcer: Pick<Announcer, 'tellDemoted'>;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
  /** A signal that aborts after so many milliseconds. */
  readonly timeoutSignal?: ((timeoutMs: number) => AbortSignal) | undefined;
}

/**
 * Less than the second that the bridge gives an attempt. The API server takes 10 s to refuse the
 * eviction of another uid (tried on 1.35.4).
 */
const ANSWER_WITHIN_MS = 700;

/** What the API server said, as a label of the metric. */
type Outcome = 'evicted' | 'deleted' | 'gone' | 'refused';

export function createDemoter(deps: DemoterDeps): Demoter {
  const { api, announcer, metrics, log, now, timeoutSignal = AbortSignal.timeout } = deps;

  async function end(namespace: string, { mode, demotion }: DemotionOrder, signal: AbortSignal): Promise<Outcome> {
    const { pod, uid } = demotion;
    if (mode === 'evict') await api.evict(namespace, pod, uid, signal);
    else await api.delete(pods, namespace, pod, { uid }, signal);
    return mode === 'evict' ? 'evicted' : 'deleted';
  }

  return {
    async carryOut(snapshot, order, slice, signal) {
      const { namespace, name: service } = snapshot;
      const { mode, demotion } = order;
      const line = { service: `${namespace}/${service}`, pod: demotion.pod, mode, epoch: demotion.epoch };
      if (now() - demotion.at >= SEND_WITHIN_MS) {
        log.warn(line, 'too late to end the pod that was left, a later reconcile claims it again');
        return;
      }
      const inTime = AbortSignal.any([signal, timeoutSignal(ANSWER_WITHIN_MS)]);
      try {
        const { outcome, why } = await answerOf(() => end(namespace, order, inTime));
        metrics.demotions.inc({ namespace, service, outcome });
        log[why === undefined ? 'info' : 'warn']({ ...line, outcome, why }, 'ended the pod that was left, or tried to');
        const view = parseObject(`patch endpointslices ${namespace}/${service}`, slice, parseSlice);
        const next: Demotion = settled(demotion, outcome === 'refused' ? 'refused' : 'done', why);
        for (const write of patchDemotion({ slice: view }, next)) await applyWrite(api, write, signal);
        if (outcome === 'evicted' || outcome === 'deleted') await announcer.tellDemoted(snapshot, order, signal);
      } catch (err) {
        log.warn({ ...line, err }, 'no answer about the pod that was left, a later reconcile claims it again');
      }
    },
  };
}

interface Answer {
  readonly outcome: Outcome;
  readonly why?: string;
}

/** Another uid under the name is another pod, which led no Service at that epoch. */
const gone: ReadonlySet<string | undefined> = new Set([
  'KUBE_NOT_FOUND',
  'KUBE_CONFLICT',
  'KUBE_NAMESPACE_TERMINATING',
]);
const refused: ReadonlySet<string | undefined> = new Set(['KUBE_FORBIDDEN', 'KUBE_EVICTION_REFUSED', 'KUBE_INVALID']);

/** Rejects where the API server did not say what became of it. */
async function answerOf(end: () => Promise<Outcome>): Promise<Answer> {
  try {
    return { outcome: await end() };
  } catch (error) {
    const code = codeOf(error);
    if (gone.has(code)) return { outcome: 'gone' };
    if (refused.has(code) && error instanceof ZenLeadError) return { outcome: 'refused', why: error.message };
    throw error;
  }
}
