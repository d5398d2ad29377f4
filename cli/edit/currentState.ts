/**
 * The state of one Service as `switchover`, `pin`, `pause` and their kin see it, read from the API server.
 */

import { readState, toSnapshot } from '../../functions/readState.ts';
import { ZenLeadError } from '../../lib/errors.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { decide } from '../../lib/selection/decide.ts';
import type { Decision } from '../../lib/selection/decision.ts';
import { annotation } from '../../lib/selection/names.ts';
import { type LeaderRecord, readRecord } from '../../lib/selection/record.ts';
import type { ServiceView, Snapshot } from '../../lib/selection/snapshot.ts';
import { toPatch } from '../../lib/selection/toPatch.ts';
import { type AnnotationEdit, withAnnotations } from './annotate.ts';

export interface CurrentState {
  readonly snapshot: Snapshot;
  readonly source: ServiceView;
  readonly record: LeaderRecord;
  /** What the rules say about this state. */
  readonly decision: Decision;
  /** Traffic goes where the rules say. */
  readonly isRouted: boolean;
}

/** Rejects with CONFIG_INVALID when there is no such annotated Service. */
export async function readCurrentState(
  api: KubeApi,
  { namespace, name }: ServiceRef,
  signal: AbortSignal,
): Promise<CurrentState> {
  const snapshot = toSnapshot(await readState(api, namespace, Date.now, signal), name);
  const { source } = snapshot;
  if (source?.annotations[annotation.enabled] === undefined) {
    const what = source === null ? 'there is no Service' : `zen-lead does nothing for Service`;
    const todo = source === null ? '' : `: annotate it with ${annotation.enabled}=true first`;
    throw new ZenLeadError('CONFIG_INVALID', `${what} ${namespace}/${name}${todo}`, { retry: 'never' });
  }
  return toCurrentState(snapshot, source);
}

/** What the rules would say with other annotations. */
export function imagine({ snapshot, source }: CurrentState, edit: AnnotationEdit): CurrentState {
  const edited = withAnnotations(source, edit);
  return toCurrentState({ ...snapshot, source: edited }, edited);
}

function toCurrentState(snapshot: Snapshot, source: ServiceView): CurrentState {
  const now = Date.now();
  const decision = decide(snapshot, now);
  const isRouted = !toPatch(snapshot, decision, now).some(({ stage }) => stage === 'route');
  return { snapshot, source, record: readRecord(snapshot), decision, isRouted };
}
