/**
 * settleFlow: carries out what was decided about a flow, in the order that keeps Z1. The record
 * comes first, then Jobs, then deletions.
 *
 * Guarantees: each write is fenced by uid and resourceVersion or by a fixed name, and nothing is
 * written past the deadline, which is asked before each single write (Z4). Nothing follows a record
 * that could not be written. Of a Job that was refused the others are made all the same.
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import type { Decision } from '../../lib/flow/engine/advance.ts';
import { controllerUid } from '../../lib/flow/objects/parseOwned.ts';
import type { FlowSnapshot, RecordView, RefusedStart } from '../../lib/flow/state/snapshot.ts';
import { type FlowWrite, toWrites } from '../../lib/flow/writes/toWrites.ts';
import { takeFields, takeString } from '../../lib/kube/fields.ts';
import { jobFlowRecords, jobFlows, jobs, type KubeApi } from '../../lib/kube/kubeApi.ts';
import type { FlowMetrics } from '../../lib/telemetry/flowMetrics.ts';

export type FlowOutcome =
  | {
      readonly kind: 'settled';
      /** As it is now, where it was written. */
      readonly record: RecordView | null;
      /** Jobs that the API server will never take. */
      readonly refused: readonly RefusedStart[];
      /** What the API server may still do later, as where a quota is used up. */
      readonly failure: unknown;
    }
  /** The state decided on is no longer the state now. */
  | { readonly kind: 'stale'; readonly error: unknown };

interface SettleFlowDeps {
  readonly api: KubeApi;
  readonly now: () => number;
  readonly metrics: Pick<FlowMetrics, 'recordBytes' | 'createErrors' | 'zombiesDeleted'>;
}

/** So many requests of one flow are in flight: it must not keep the others waiting. */
const IN_FLIGHT = 8;
const resources = { jobs, jobflowrecords: jobFlowRecords, jobflows: jobFlows } as const;

export async function settleFlow(
  decision: Decision,
  snapshot: FlowSnapshot,
  deadline: number,
  { api, now, metrics }: SettleFlowDeps,
  signal: AbortSignal,
): Promise<FlowOutcome> {
  const namespace = snapshot.flow?.namespace ?? '';
  const writes = toWrites(decision, snapshot);
  const refused: RefusedStart[] = [];
  const running = new Set(decision.deletes.filter(({ outcome }) => outcome === null).map(({ name }) => name));
  let record: RecordView | null = null;
  let failure: unknown;

  const inTime = (): void => {
    if (now() < deadline) return;
    const message = `${namespace}/${snapshot.flow?.name}: the state decided on grew too old before it was written`;
    throw new ZenLeadError('KUBE_TIMEOUT', message, { retry: 'now' });
  };

  async function apply(write: FlowWrite): Promise<void> {
    inTime();
    switch (write.kind) {
      case 'patch': {
        const written = await api.mergePatch(jobFlowRecords, namespace, write.name, write.patch, signal);
        metrics.recordBytes.observe(Buffer.byteLength(String(write.patch['data'])));
        record = { ...identify(written), record: decision.record };
        return;
      }
      case 'create':
        if (write.resource === 'jobs') return createJob(write);
        record = { ...identify(await api.create(jobFlowRecords, namespace, write.object, signal)), record: null };
        return;
      case 'delete':
        return deleteIfThere(write);
    }
  }

  async function deleteIfThere({
    resource,
    name,
    preconditions,
  }: FlowWrite & { readonly kind: 'delete' }): Promise<void> {
    try {
      await api.delete(resources[resource], namespace, name, preconditions, signal);
      if (resource === 'jobs' && running.has(name)) metrics.zombiesDeleted.inc();
    } catch (error) {
      if (codeOf(error) !== 'KUBE_NOT_FOUND') throw error;
    }
  }

  async function createJob({ object, start }: FlowWrite & { readonly kind: 'create' }): Promise<void> {
    try {
      await api.create(jobs, namespace, object, signal);
    } catch (error) {
      if (codeOf(error) === 'KUBE_ALREADY_EXISTS') return checkOwner(object, start);
      metrics.createErrors.inc({ reason: codeOf(error) ?? 'INTERNAL' });
      if (codeOf(error) !== 'KUBE_INVALID' || start === undefined) throw error;
      refused.push({ ...start, message: error instanceof Error ? error.message : String(error) });
    }
  }

  /** A Job of the name is ours where the flow controls it. Another one stays as it is (Z13). */
  async function checkOwner(
    object: object,
    start: { readonly step: string; readonly attempt: number } | undefined,
  ): Promise<void> {
    const name = takeString(takeFields(takeFields(object, 'job')['metadata'], 'metadata'), 'name', 'metadata');
    const found = takeFields(await api.get(jobs, namespace, name, signal), 'job');
    if (controllerUid(takeFields(found['metadata'], 'metadata')) === snapshot.flow?.uid || start === undefined) return;
    refused.push({
      ...start,
      message: `jobs ${namespace}/${name}: the name is taken by a Job that the flow does not control`,
    });
  }

  try {
    const isFirst = ({ resource }: FlowWrite) => resource === 'jobflowrecords';
    for (const write of writes.filter(isFirst)) await apply(write);
    failure = await inParallel(
      writes.filter((write) => !isFirst(write)),
      apply,
    );
  } catch (error) {
    if (isStale(error)) return { kind: 'stale', error };
    throw error;
  }
  return { kind: 'settled', record, refused, failure };
}

/**
 * Tries each one. Rejects where the state is no longer the one decided on, and returns the first
 * other failure.
 */
async function inParallel<T>(list: readonly T[], act: (each: T) => Promise<void>): Promise<unknown> {
  const waiting = [...list];
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await act(next);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, list.length) }, work));
  const stale = failures.find(isStale);
  if (stale !== undefined) throw stale;
  return failures[0];
}

function isStale(error: unknown): boolean {
  return error instanceof ZenLeadError && error.retry === 'now';
}

function identify(object: unknown): Pick<RecordView, 'uid' | 'resourceVersion'> {
  const metadata = takeFields(takeFields(object, 'jobflowrecord')['metadata'], 'metadata');
  return {
    uid: takeString(metadata, 'uid', 'metadata'),
    resourceVersion: takeString(metadata, 'resourceVersion', 'metadata'),
  };
}
