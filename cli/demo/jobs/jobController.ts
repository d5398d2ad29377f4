/**
 * A small Job controller for the embedded Kubernetes API. Each Job gets one pod, which runs for its
 * time and then ends as the caller says.
 *
 * Guarantees: the status of a Job and of its pod is as a real cluster leaves it: conditions, exit
 * code, `activeDeadlineSeconds`. A Job that is deleted ends nothing.
 * A suspended Job has no pod, and begins when it is released.
 * Does not guarantee parallel or indexed Jobs, or retries of pods (`backoffLimit`).
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/
 */

import { fieldsAt, numberAt, textAt } from '../../../apiserver/json.ts';
import type { KubeObject } from '../../../apiserver/kubeObject.ts';
import type { Objects } from '../../../apiserver/objects.ts';

export interface JobEnd {
  /** 0 completes the Job. */
  readonly exitCode: number;
  readonly afterMs: number;
  /** What its container leaves as termination message. */
  readonly message?: string;
}

interface JobControllerOptions {
  readonly objects: Objects;
  readonly endOf: (job: KubeObject) => JobEnd;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** Returns the function that ends it. */
  readonly setTimer?: (run: () => void, delayMs: number) => () => void;
}

export function startJobController(options: JobControllerOptions): { close(): void } {
  const { objects, endOf, now = Date.now, setTimer = realTimer } = options;
  const timers = new Map<string, () => void>();
  /** Uids of Jobs that are not suspended. */
  const begun = new Set<string>();
  const time = () => `${new Date(now()).toISOString().slice(0, 19)}Z`;

  function later(uid: string, run: () => void, delayMs: number): void {
    const cancel = setTimer(() => {
      timers.delete(uid);
      run();
    }, delayMs);
    timers.set(uid, cancel);
  }

  function begin(job: KubeObject): void {
    const startTime = time();
    objects.patchStatus(refOf('jobs', job), { status: { active: 1, ready: 1, startTime } });
    const pod = objects.create(podOf(job));
    const container = fieldsAt({ at: podContainers(pod)[0] }, 'at');
    const running = { name: textAt(container, 'name') ?? 'main', state: { running: { startedAt: startTime } } };
    objects.patchStatus(refOf('pods', pod), { status: { phase: 'Running', startTime, containerStatuses: [running] } });
    const { exitCode, afterMs, message } = endOf(job);
    const deadlineMs = (numberAt(job, 'spec', 'activeDeadlineSeconds') ?? Number.POSITIVE_INFINITY) * 1_000;
    const isLate = afterMs > deadlineMs;
    later(job.metadata.uid, () => end(job, pod, isLate ? null : exitCode, message), Math.min(afterMs, deadlineMs));
  }

  function suspend(job: KubeObject): void {
    timers.get(job.metadata.uid)?.();
    timers.delete(job.metadata.uid);
    for (const pod of objects.list('pods')) {
      const isOurs = JSON.stringify(pod.metadata['ownerReferences'] ?? []).includes(job.metadata.uid);
      if (isOurs) objects.delete(refOf('pods', pod));
    }
    objects.patchStatus(refOf('jobs', job), { status: { active: 0, ready: 0, startTime: null } });
  }

  /** `exitCode`: null where its deadline ended it. */
  function end(job: KubeObject, pod: KubeObject, exitCode: number | null, message?: string): void {
    if (objects.read(refOf('jobs', job))?.metadata.uid !== job.metadata.uid) return;
    const finishedAt = time();
    const reason = exitCode === 0 ? 'Completed' : 'Error';
    const terminated = { exitCode: exitCode ?? 143, reason, finishedAt, ...(message !== undefined && { message }) };
    const name = textAt(podContainers(pod)[0], 'name') ?? 'main';
    const phase = exitCode === 0 ? 'Succeeded' : 'Failed';
    if (objects.read(refOf('pods', pod)) !== undefined)
      objects.patchStatus(refOf('pods', pod), {
        status: { phase, containerStatuses: [{ name, state: { terminated } }] },
      });
    objects.patchStatus(refOf('jobs', job), { status: statusOf(exitCode, finishedAt) });
  }

  const unsubscribe = objects.subscribe('jobs', ({ type, entry }) => {
    const { uid } = entry.object.metadata;
    const isSuspended = fieldsAt(entry.object, 'spec')['suspend'] === true;
    // After the write that is being told has returned.
    if (type !== 'DELETED' && !isSuspended && !begun.has(uid)) later(uid, () => begin(entry.object), 0);
    if (type !== 'DELETED' && isSuspended && begun.has(uid)) later(uid, () => suspend(entry.object), 0);
    if (type !== 'DELETED' && !isSuspended) begun.add(uid);
    else begun.delete(uid);
    if (type !== 'DELETED') return;
    timers.get(uid)?.();
    timers.delete(uid);
  });
  return {
    close() {
      unsubscribe();
      for (const cancel of timers.values()) cancel();
    },
  };
}

function statusOf(exitCode: number | null, at: string): object {
  const condition = (type: string, reason: string) => ({
    type,
    status: 'True',
    reason,
    lastTransitionTime: at,
    lastProbeTime: at,
  });
  if (exitCode === 0) {
    const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => condition(type, 'CompletionsReached'));
    return { active: 0, ready: 0, succeeded: 1, completionTime: at, conditions };
  }
  const reason = exitCode === null ? 'DeadlineExceeded' : 'BackoffLimitExceeded';
  return {
    active: 0,
    ready: 0,
    failed: 1,
    conditions: ['FailureTarget', 'Failed'].map((type) => condition(type, reason)),
  };
}

function podOf(job: KubeObject): object {
  const { name, namespace, uid } = job.metadata;
  const template = fieldsAt(job, 'spec', 'template');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...fieldsAt(template, 'metadata'),
      name: `${name}-${uid.slice(0, 5)}`,
      namespace,
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true }],
    },
    // Without a node it goes at once when it is deleted: there is no kubelet to end it.
    spec: fieldsAt(template, 'spec'),
  };
}

function podContainers(pod: KubeObject): readonly unknown[] {
  const containers = fieldsAt(pod, 'spec')['containers'];
  return Array.isArray(containers) ? containers : [];
}

function refOf(resource: string, { metadata }: KubeObject) {
  const { name, namespace } = metadata;
  return { resource, name, ...(namespace !== undefined && { namespace }) };
}

function realTimer(run: () => void, delayMs: number): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}
