/**
 * Stands in for a kubelet: the pods of the Jobs of flows run for their time, and end as planned.
 *
 * Guarantees: it writes a pod's status as a kubelet does. The real Job controller does the rest.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { parseJob } from '../../../lib/flow/objects/parseJob.ts';
import { type Outcomes, planOf } from '../objects/aFlow.ts';
import type { ControlPlane } from './startControlPlane.ts';

interface PodSeen {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly status?: { readonly phase?: string };
}

export interface StandInKubelet {
  /** Each Job whose pod has run, in order: `a/1`. A pod that runs again for it counts again. */
  readonly ran: readonly string[];
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 50;

/**
 * `outcomes` by step, for all flows; of the item with index 1 of step `each` as `each#1`. A Job
 * that is to time out runs until it is ended. `messages`: what a container of a step leaves.
 */
export function startStandInKubelet(
  { request }: Pick<ControlPlane, 'request'>,
  outcomes: Outcomes,
  durationMs: number,
  messages: Readonly<Record<string, string>> = {},
): StandInKubelet {
  const plan = planOf(outcomes, durationMs);
  const ran: string[] = [];
  const known = new Set<string>();
  const work = new Set<Promise<void>>();
  let isClosed = false;

  async function run(pod: PodSeen): Promise<void> {
    const { name, namespace, labels = {} } = pod.metadata;
    const job = parseJob(
      await request('GET', `/apis/batch/v1/namespaces/${namespace}/jobs/${labels['batch.kubernetes.io/job-name']}`),
    );
    ran.push(`${job.step}/${job.attempt}`);
    const index = pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'];
    const { kind, exitCode } = plan(index === undefined ? job.step : `${job.step}#${index}`, job.attempt);
    const write = (status: object) =>
      request('PATCH', `/api/v1/namespaces/${namespace}/pods/${name}/status`, { status });
    const container = { name: 'main', image: 'i', imageID: 'i', ready: false, restartCount: 0 };
    const startedAt = new Date().toISOString();
    const running = { ...container, ready: true, state: { running: { startedAt } } };
    await write({ phase: 'Running', startTime: startedAt, containerStatuses: [running] });
    if (kind === 'timeout') return;
    await sleep(durationMs);
    const code = kind === 'ok' ? 0 : exitCode;
    const message = messages[job.step];
    const finishedAt = new Date().toISOString();
    const terminated = { exitCode: code, startedAt, finishedAt, ...(message !== undefined && { message }) };
    await write({
      phase: code === 0 ? 'Succeeded' : 'Failed',
      containerStatuses: [{ ...container, state: { terminated } }],
    });
  }

  async function look(): Promise<void> {
    const { items } = (await request('GET', '/api/v1/pods?labelSelector=batch.kubernetes.io/job-name')) as {
      readonly items: readonly PodSeen[];
    };
    for (const pod of items) {
      const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
      if (known.has(key) || pod.status?.phase !== 'Pending') continue;
      known.add(key);
      // A pod that goes meanwhile needs nothing.
      const running = run(pod).catch(() => undefined);
      work.add(running);
      void running.finally(() => work.delete(running));
    }
  }

  async function watch(): Promise<void> {
    while (!isClosed) {
      await look().catch(() => undefined);
      await sleep(LOOK_EVERY_MS);
    }
  }
  const watching = watch();
  return {
    ran,
    async close() {
      isClosed = true;
      await watching;
      await Promise.all(work);
    },
  };
}
