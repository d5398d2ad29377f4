/**
 * createScaler: takes the next step of scale-down for one Service, at the end of its reconcile.
 * docs/decisions/scale-down.md
 *
 * A reconcile that wrote a route only restores. Any other takes one step down, or restores whole.
 *
 * Guarantees: D1 to D3 (lib/scaleDown/decideScale.ts). It never rejects, and takes no longer than
 * `WITHIN_MS`. A Service that does not ask for it costs no request.
 * Does not guarantee that an API server that takes longer for its answers is ever scaled on.
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import { endpointSlices, type KubeApi } from '../../lib/kube/kubeApi.ts';
import { parseService } from '../../lib/kube/parseService.ts';
import { parseSlice } from '../../lib/kube/parseSlice.ts';
import { applyWrite } from '../../lib/kube/write.ts';
import { decideScale } from '../../lib/scaleDown/decideScale.ts';
import type { Facts, ScaleStep } from '../../lib/scaleDown/scaleInput.ts';
import type { Decision } from '../../lib/selection/decision.ts';
import { annotation } from '../../lib/selection/names.ts';
import { formatScaleRecord, isStanding, parseScaleRecord, type ScaleRecord } from '../../lib/selection/scaleRecord.ts';
import type { GoneSource, ServiceView, SliceView, Snapshot } from '../../lib/selection/snapshot.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Announcer } from '../announce/announce.ts';
import { parseObject } from '../reconcile/parseObject.ts';
import { createFactReader, type FactReader, workloadResource } from './readFacts.ts';
import { createRepeats, type Repeats } from './repeats.ts';
import { isConcerned, toScaleInput } from './toScaleInput.ts';

export interface Scaler {
  /** `hasRouted`: this reconcile wrote a route. Says when to reconcile again. */
  step(view: Snapshot, decision: Decision, hasRouted: boolean, signal: AbortSignal): Promise<number | null>;
  /** Restores what a deleted Service has scaled down. False where it is to be tried again. */
  restoreGone(namespace: string, gone: GoneSource, signal: AbortSignal): Promise<boolean>;
}

export interface ScalerDeps {
  readonly api: KubeApi;
  readonly announcer: Pick<Announcer, 'tellScaled'>;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
  /** Whether the functions run with `--scale-down`. */
  readonly scaleDown?: boolean | undefined;
  /** A signal that aborts after so many milliseconds. */
  readonly timeoutSignal?: ((timeoutMs: number) => AbortSignal) | undefined;
}

/** Less than the second that the bridge gives an attempt. */
const WITHIN_MS = 800;
/** Our own write comes back as a watch line sooner. */
const NEXT_STEP_MS = 1_000;
const AFTER_FAILURE_MS = 5_000;
/** A note, and twice a conflict before a restore. Reads do not count. */
const MAX_STEPS = 6;

const notEnabled = {
  reason: 'NotEnabled',
  message: 'the functions of zen-lead run without --scale-down.',
} as const;

export function createScaler(deps: ScalerDeps): Scaler {
  const { log, now, timeoutSignal = AbortSignal.timeout } = deps;
  const reader = createFactReader(deps.api);
  const repeats = createRepeats();

  return {
    async step(view, decision, hasRouted, signal) {
      if (!isConcerned(view)) return null;
      const inTime = AbortSignal.any([signal, timeoutSignal(WITHIN_MS)]);
      const visit: Visit = { view, decision, hasRouted, inTime, deps, reader, repeats };
      const service = `${view.namespace}/${view.name}`;
      try {
        return deps.scaleDown === true ? await takeSteps(visit) : await say(visit, notEnabled);
      } catch (error) {
        // Another client wrote in between: the next reconcile sees what.
        if (error instanceof ZenLeadError && error.retry === 'now') return now() + NEXT_STEP_MS;
        const isForbidden = codeOf(error) === 'KUBE_FORBIDDEN' && error instanceof Error;
        log.warn({ service, err: error }, 'scale-down could not go on, a later reconcile tries again');
        if (isForbidden) await say(visit, { reason: 'Forbidden', message: error.message }).catch(() => undefined);
        return now() + AFTER_FAILURE_MS;
      }
    },

    async restoreGone(namespace, gone, signal) {
      const record = gone.slices
        .map(({ annotations }) => parseScaleRecord(annotations[annotation.scaleState]))
        .find(isStanding);
      if (record === undefined || record.by === 'hpa' || deps.scaleDown !== true) return true;
      const { workload, from, to } = record;
      const line = { workload: `${workload.kind} ${namespace}/${workload.name}`, from, to };
      const inTime = AbortSignal.any([signal, timeoutSignal(WITHIN_MS)]);
      try {
        const live = await reader.readWorkload(namespace, workload, inTime);
        if (live.kind !== 'found' || live.replicas !== to) return true;
        await patchScale(deps.api, namespace, { kind: 'scale', to: from, live, isUp: true }, inTime);
        log.info(line, 'restored the replicas of a Service that was deleted');
        return true;
      } catch (error) {
        log.warn({ ...line, err: error }, 'the replicas of a deleted Service are not restored');
        return codeOf(error) === 'KUBE_FORBIDDEN';
      }
    },
  };
}

interface Visit {
  view: Snapshot;
  readonly decision: Decision;
  readonly hasRouted: boolean;
  readonly inTime: AbortSignal;
  readonly deps: ScalerDeps;
  readonly reader: FactReader;
  readonly repeats: Repeats;
}

async function takeSteps(visit: Visit): Promise<number | null> {
  const { deps, decision, hasRouted } = visit;
  let facts: Facts = {};
  for (let taken = 0; taken < MAX_STEPS; ) {
    const at = deps.now();
    const known = toScaleInput(visit.view, decision, at);
    if (known === null) return null;
    const { situation, input } = known;
    const step = decideScale({ ...input, facts }, at);
    const isRestoring = isStanding(input.record) && input.record.phase === 'restore';
    if (step.kind === 'wait') return step.until;
    // Routes come first, and what is lost is restored. The rest waits for its turn.
    const isUrgent = isRestoring || (step.kind === 'note' && step.record?.phase === 'restore');
    if (hasRouted && !isUrgent) return at + NEXT_STEP_MS;
    if (step.kind === 'read') {
      const workload = isStanding(input.record) ? input.record.workload : null;
      const pod = input.leader?.name ?? visit.view.candidates[0]?.name;
      facts = await visit.reader.read({ source: situation.source, workload, pod }, step.what, facts, visit.inTime);
      continue;
    }
    taken += 1;
    if (step.kind === 'note') {
      const heldUntil = await note(visit, situation.record.slice, step.record);
      if (heldUntil !== null) return heldUntil;
    }
    if (step.kind === 'remember') await remember(visit, situation.record.service, step.replicas);
    if (step.kind === 'scale') await scale(visit, situation.record.slice, step);
    if (!isUrgent) return deps.now() + NEXT_STEP_MS;
    // After a write, what was read of the workload may be old.
    if (step.kind === 'scale') facts = {};
  }
  return deps.now() + NEXT_STEP_MS;
}

/** Records why nothing happens. What is to be restored stays recorded beside it. */
async function say(
  visit: Visit,
  { reason, message }: Pick<Extract<ScaleRecord, { phase: 'refused' }>, 'reason' | 'message'>,
): Promise<number | null> {
  const at = visit.deps.now();
  const known = toScaleInput(visit.view, visit.decision, at);
  if (known === null) return null;
  const { setting, record } = known.input;
  const { slice } = known.situation.record;
  if (isStanding(record)) {
    if (record.problem !== message) await note(visit, slice, { ...record, problem: message });
  } else if (setting === null) {
    if (record !== null) await note(visit, slice, null);
  } else if (record?.phase !== 'refused' || record.reason !== reason || record.message !== message)
    await note(visit, slice, { phase: 'refused', at, reason, message });
  return null;
}

/** Null where it is written; else until when it waits, because it does not stay. */
async function note(visit: Visit, slice: SliceView | null, record: ScaleRecord | null): Promise<number | null> {
  const { deps, repeats, view } = visit;
  if (slice === null) return deps.now() + NEXT_STEP_MS;
  const text = record === null ? null : formatScaleRecord(record);
  const heldUntil = repeats.heldUntil(`${view.namespace}/${slice.name}`, record, deps.now());
  if (heldUntil !== null) return heldUntil;
  const object = await annotate(visit, 'endpointslices', slice, { [annotation.scaleState]: text });
  const written = parseObject(`patch endpointslices ${slice.namespace}/${slice.name}`, object, parseSlice);
  visit.view = { ...view, slices: view.slices.map((each) => (each.uid === slice.uid ? written : each)) };
  return null;
}

async function remember(visit: Visit, service: ServiceView | null, replicas: number | null): Promise<void> {
  if (service === null) return;
  const text = replicas === null ? null : String(replicas);
  const object = await annotate(visit, 'services', service, { [annotation.scaleRestore]: text });
  const written = parseObject(`patch services ${service.namespace}/${service.name}`, object, parseService);
  const { view } = visit;
  visit.view = { ...view, services: view.services.map((each) => (each.uid === service.uid ? written : each)) };
}

function annotate(
  { deps, inTime }: Visit,
  resource: 'services' | 'endpointslices',
  { namespace, name, uid, resourceVersion }: ServiceView | SliceView,
  annotations: Readonly<Record<string, string | null>>,
): Promise<unknown> {
  const patch = { metadata: { uid, resourceVersion, annotations } };
  const target = { stage: 'follow', kind: 'patch', resource, namespace, name } as const;
  return applyWrite(deps.api, { ...target, uid, resourceVersion, patch }, inTime);
}

type Scaling = Extract<ScaleStep, { kind: 'scale' }>;

async function scale(visit: Visit, slice: SliceView | null, step: Scaling): Promise<void> {
  const { deps, view, inTime } = visit;
  const { namespace, name: service } = view;
  // D2: the leader may have changed since this view of the slice.
  const decidedAt = deps.now();
  if (!step.isUp && (slice === null || !(await isUnchanged(deps.api, slice, inTime)))) return;
  // A process that was suspended meanwhile may have outlived its claim. Its abort comes too late.
  if (!step.isUp && deps.now() - decidedAt >= WITHIN_MS) return;
  await patchScale(deps.api, namespace, step, inTime);
  const { live, to, isUp } = step;
  const line = { service: `${namespace}/${service}`, workload: `${live.of} ${live.name}`, from: live.replicas, to };
  deps.log.info(line, isUp ? 'restored the replicas' : 'scaled down to the leader');
  deps.metrics.scales.inc({ namespace, service, direction: isUp ? 'up' : 'down' });
  const about = { workload: `${live.of} "${live.name}"`, from: live.replicas, to, isUp, at: deps.now() };
  await deps.announcer.tellScaled(view, about, inTime);
}

async function isUnchanged(api: KubeApi, slice: SliceView, signal: AbortSignal): Promise<boolean> {
  const { namespace, name, uid, resourceVersion } = slice;
  const object = await api.get(endpointSlices, namespace, name, signal);
  const now = parseObject(`get endpointslices ${namespace}/${name}`, object, parseSlice);
  return now.uid === uid && now.resourceVersion === resourceVersion;
}

/** With the version that was read, so that no number of another client is overwritten. */
async function patchScale(api: KubeApi, namespace: string, { live, to }: Scaling, signal: AbortSignal): Promise<void> {
  const { uid, resourceVersion, name, of } = live;
  const patch = { metadata: { uid, resourceVersion }, spec: { replicas: to } };
  await api.mergePatch({ ...workloadResource(of), subresource: 'scale' }, namespace, name, patch, signal);
}
