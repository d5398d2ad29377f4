/**
 * Reads the state of one Service from the API server, as the commands that edit it need it.
 */

import { readService } from '../../functions/reconcile/readService.ts';
import type { SubjectRef } from '../../lib/events/subject.ts';
import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { assess } from '../../lib/selection/assess.ts';
import type { Decision } from '../../lib/selection/decision.ts';
import { prefixed } from '../../lib/selection/elections/electionSettings.ts';
import { annotation } from '../../lib/selection/names.ts';
import { isOptedIn } from '../../lib/selection/optIn.ts';
import { type LeaderRecord, readRecord } from '../../lib/selection/record.ts';
import type { ServiceView, SliceView, Snapshot } from '../../lib/selection/snapshot.ts';
import type { Write } from '../../lib/selection/write.ts';
import { takeView } from '../operands/parseElectionKey.ts';
import { takeSource } from '../operands/takeSource.ts';
import { type AnnotationEdit, withAnnotations } from './annotate.ts';
import { editError } from './editError.ts';

export interface CurrentState {
  readonly service: SubjectRef;
  /** As the election sees it that is edited. */
  readonly snapshot: Snapshot;
  /** Of the whole source. */
  readonly whole: Snapshot;
  /** As it is written. */
  readonly source: ServiceView;
  readonly record: LeaderRecord;
  /** What the rules decide about this state. */
  readonly decision: Decision;
  /** Traffic goes where the rules want it. */
  readonly isRouted: boolean;
}

/**
 * Rejects with KUBE_NOT_FOUND when there is no such Service, with REFUSED when zen-lead does
 * nothing for it.
 */
export async function readCurrentState(api: KubeApi, service: SubjectRef, signal: AbortSignal): Promise<CurrentState> {
  const { namespace, name } = service;
  const { snapshot } = await readService(api, { namespace, name }, Date.now, signal);
  const source = takeSource({ namespace, name }, snapshot.source);
  if (!isOptedIn(source)) {
    throw editError({ namespace, name }, `is not annotated with ${annotation.enabled}; zen-lead does nothing for it`);
  }
  return toCurrentState(service, snapshot, source);
}

/** What the rules would decide with other annotations. */
export function imagine({ service, whole, source }: CurrentState, edit: AnnotationEdit): CurrentState {
  const edited = withAnnotations(source, edit);
  return toCurrentState(service, { ...whole, source: edited }, edited);
}

/** What the rules would decide with this slice in the place of the one of its uid. */
export function imagineSlice({ service, whole, source }: CurrentState, slice: SliceView): CurrentState {
  const slices = whole.slices.map((each) => (each.uid === slice.uid ? slice : each));
  return toCurrentState(service, { ...whole, slices }, source);
}

/** The annotation of the election that is edited, as it is written. */
export function keyOf({ service: { election = '' } }: CurrentState, key: string): string {
  return election === '' ? key : prefixed(election, key);
}

function toCurrentState(service: SubjectRef, whole: Snapshot, source: ServiceView): CurrentState {
  const snapshot = takeView(whole, service);
  // Only a bridge knows the verdicts of a health check. What the user wrote is decided as if every
  // pod passed.
  const asSeen = snapshot.source ?? source;
  const unchecked = { ...snapshot, source: withAnnotations(asSeen, { [annotation.healthCheck]: null }) };
  const { decision, writes } = assess(unchecked, Date.now());
  const hasRoute = ({ stage }: Write): boolean => stage === 'route';
  // Without a pin, a route that only the check explains is where the rules want it, too.
  const isPinned = asSeen.annotations[annotation.pinLeader] !== undefined;
  const isRouted = !writes.some(hasRoute) || (!isPinned && !assess(snapshot, Date.now()).writes.some(hasRoute));
  return { service, snapshot, whole, source, record: readRecord(snapshot), decision, isRouted };
}
