/**
 * settleFlow: carries out what was decided about a flow, in the order that keeps Z1. The record
 * comes first, then Jobs, then deletions.
 *
 * Guarantees: each write is fenced by uid and resourceVersion or by a fixed name, and nothing is
 * written past the deadline, which is asked before each single write (Z4). Nothing follows a record
 * that could not be written. Where a Job is refused, or what it mounts, all others are made.
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import type { Decision } from '../../lib/flow/engine/advance.ts';
import type { Start } from '../../lib/flow/engine/startReady.ts';
import { controllerUid } from '../../lib/flow/objects/parseOwned.ts';
import type { FlowSnapshot, RecordView, RefusedStart } from '../../lib/flow/state/snapshot.ts';
import { type FlowWrite, toWrites, type WrittenKind } from '../../lib/flow/writes/toWrites.ts';
import { takeFields, takeString } from '../../lib/kube/fields.ts';
import {
  configMaps,
  jobFlowRecords,
  jobFlows,
  jobs,
  type KubeApi,
  leases,
  persistentVolumeClaims,
  type Resource,
} from '../../lib/kube/kubeApi.ts';
import type { FlowMetrics } from '../../lib/telemetry/flowMetrics.ts';
import { isOverQuota } from './overQuota.ts';

export type FlowOutcome =
  | {
      readonly kind: 'settled';
      /** As it is now, where it was written. */
      readonly record: RecordView | null;
      /** Jobs that the API server will never take. */
      readonly refused: readonly RefusedStart[];
      /** What the API server may still do later. */
      readonly failure: unknown;
      /** The same, of a quota that is used up. */
      readonly overQuota: unknown;
      /** The steps whose Jobs it did not take for now. */
      readonly unmade: ReadonlySet<string>;
    }
  /** The state decided on is no longer the state now. `record`: what was written all the same. */
  | { readonly kind: 'stale'; readonly error: unknown; readonly record: RecordView | null };

interface SettleFlowDeps {
  readonly api: KubeApi;
  readonly now: () => number;
  readonly metrics: Pick<FlowMetrics, 'recordBytes' | 'createErrors' | 'zombiesDeleted'>;
}

/** So many requests of one flow are in flight: it must not keep the others waiting. */
const IN_FLIGHT = 8;
const resources: Readonly<Record<WrittenKind, Resource>> = {
  configmaps: configMaps,
  jobflowrecords: jobFlowRecords,
  jobflows: jobFlows,
  jobs,
  leases,
  persistentvolumeclaims: persistentVolumeClaims,
};

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
  const unmade = new Set<string>();
  const running = new Set(decision.deletes.filter(({ outcome }) => outcome === null).map(({ name }) => name));
  let record: RecordView | null = null;

  const inTime = (): void => {
    if (now() < deadline) return;
    const message = `${namespace}/${snapshot.flow?.name}: the state decided on grew too old before it was written`;
    throw new ZenLeadError('KUBE_TIMEOUT', message, { retry: 'now' });
  };

  async function apply(write: FlowWrite): Promise<void> {
    inTime();
    switch (write.kind) {
      case 'patch':
        return patch(write);
      case 'create':
        if (write.starts !== undefined) return createOwned(write, write.starts);
        return create(write);
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

  async function patch({ resource, name, patch: body }: FlowWrite & { readonly kind: 'patch' }): Promise<void> {
    try {
      const written = await api.mergePatch(resources[resource], namespace, name, body, signal);
      if (resource !== 'jobflowrecords') return;
      metrics.recordBytes.observe(Buffer.byteLength(String(body['data'])));
      record = { ...identify(written), record: decision.record };
    } catch (error) {
      // A Job or a flow that has gone needs no change.
      if (codeOf(error) !== 'KUBE_NOT_FOUND' || resource === 'jobflowrecords' || resource === 'leases') throw error;
    }
  }

  async function create({ resource, object }: FlowWrite & { readonly kind: 'create' }): Promise<void> {
    try {
      const made = await api.create(resources[resource], namespace, object, signal);
      if (resource === 'jobflowrecords') record = { ...identify(made), record: null };
    } catch (error) {
      // Another flow has kept the same result meanwhile.
      if (codeOf(error) !== 'KUBE_ALREADY_EXISTS' || resource !== 'configmaps') throw error;
    }
  }

  /** A Job, or what Jobs mount: one that lacks it would wait for it, and no look would make it. */
  async function createOwned(write: FlowWrite & { readonly kind: 'create' }, starts: readonly Start[]): Promise<void> {
    if (starts.every(isLeftOut)) return;
    try {
      await createOrRefuse(write, starts);
    } catch (error) {
      for (const { step } of starts) unmade.add(step);
      throw error;
    }
  }

  function isLeftOut({ step, attempt }: Start): boolean {
    return unmade.has(step) || refused.some((each) => each.step === step && each.attempt === attempt);
  }

  async function createOrRefuse(
    { resource, object }: FlowWrite & { readonly kind: 'create' },
    starts: readonly Start[],
  ): Promise<void> {
    try {
      await api.create(resources[resource], namespace, object, signal);
    } catch (error) {
      if (codeOf(error) === 'KUBE_ALREADY_EXISTS') return checkOwner(resource, object, starts);
      metrics.createErrors.inc({ reason: codeOf(error) ?? 'INTERNAL' });
      if (codeOf(error) !== 'KUBE_INVALID') throw error;
      const message = error instanceof Error ? error.message : String(error);
      refused.push(...starts.map((start) => ({ ...start, message })));
    }
  }

  /** An object of the name is ours where the flow controls it. Another one stays as it is (Z13). */
  async function checkOwner(resource: WrittenKind, object: object, starts: readonly Start[]): Promise<void> {
    const name = takeString(takeFields(takeFields(object, 'object')['metadata'], 'metadata'), 'name', 'metadata');
    const found = takeFields(await api.get(resources[resource], namespace, name, signal), 'object');
    if (controllerUid(takeFields(found['metadata'], 'metadata')) === snapshot.flow?.uid) return;
    const message = `${resource} ${namespace}/${name}: the name is taken by an object that the flow does not control`;
    refused.push(...starts.map((start) => ({ ...start, message })));
  }

  try {
    const first = writes.filter(({ resource }) => resource === 'leases' || resource === 'jobflowrecords');
    const mounted = writes.filter((write) => isStart(write) && write.resource !== 'jobs');
    const rest = writes.filter((write) => !first.includes(write) && !mounted.includes(write));
    for (const write of first) await apply(write);
    const failures = [...(await inParallel(mounted, apply)), ...(await inParallel(rest, apply))];
    const failure = failures.find((error) => !isOverQuota(error));
    return { kind: 'settled', record, refused, failure, overQuota: failures.find(isOverQuota), unmade };
  } catch (error) {
    if (isStale(error)) return { kind: 'stale', error, record };
    throw error;
  }
}

function isStart(write: FlowWrite): boolean {
  return write.kind === 'create' && write.starts !== undefined;
}

/**
 * Tries each one. Rejects where the state is no longer the one decided on, and returns the other
 * failures.
 */
async function inParallel<T>(list: readonly T[], act: (each: T) => Promise<void>): Promise<readonly unknown[]> {
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
  return failures;
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
