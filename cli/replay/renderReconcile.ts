/**
 * Renders one reconcile as a line of the timeline, and what belongs below it.
 */

import { formatRfc3339 } from '../../lib/events/rfc3339.ts';
import type { DecisionKind, Leader } from '../../lib/selection/decision.ts';
import { electionSuffix } from '../../lib/selection/elections/electionSuffix.ts';
import { judgedCheck } from '../../lib/selection/roleCheck.ts';
import { type Snapshot, serviceKey } from '../../lib/selection/snapshot.ts';
import { describeHealth } from '../explain/describeCheck.ts';
import { unfitText } from '../explain/unfitText.ts';
import type { Format, Output } from '../output.ts';
import { type Outcome, outcomeOf, type Replayed } from './decideAgain.ts';

type Paint = Output['paint'];

/** Wide enough for most names; longer ones push their line to the right. */
const widths = { time: 24, service: 20, decision: 8, reason: 18, leader: 26 } as const;

const formatOf: Readonly<Record<DecisionKind, Format>> = {
  elected: 'green',
  kept: 'dim',
  lost: 'red',
  refused: 'yellow',
};

/** What belongs below a line begins under the Service. */
export const NOTE_INDENT = widths.time + 2;

export function renderHeading(paint: Paint): string {
  const { time, service, decision, reason, leader } = widths;
  const cells = ['TIME'.padEnd(time), 'SERVICE'.padEnd(service), 'DECISION'.padEnd(decision)];
  return paint('bold', [...cells, 'REASON'.padEnd(reason), 'LEADER'.padEnd(leader), 'SEEN'].join('  '));
}

export function renderReconcile(replayed: Replayed, paint: Paint): string {
  const { reconcile } = replayed;
  const outcome = outcomeOf(replayed);
  const { namespace, name } = reconcile.service;
  const decision = (outcome?.decision ?? 'unknown').padEnd(widths.decision);
  const cells = [
    formatRfc3339(reconcile.at).padEnd(widths.time),
    serviceKey(namespace, name).padEnd(widths.service),
    outcome === null ? decision : paint(formatOf[outcome.decision], decision),
    (outcome?.reason ?? '-').padEnd(widths.reason),
    renderLeaders(outcome).padEnd(widths.leader),
    renderSeen(replayed),
  ];
  return cells.join('  ').trimEnd();
}

/** Of a Service with several elections, what was decided about those after the first. */
export function renderElections({ elections, reconcile }: Replayed, paint: Paint): readonly string[] {
  return elections.slice(1).map((each) => {
    const of = `${reconcile.service.name}${electionSuffix(each)}`;
    return `${' '.repeat(NOTE_INDENT)}${of}: ${paint(formatOf[each.decision], renderOutcome(each))}`;
  });
}

/** What a line alone does not show: warnings, a failed delivery, the recorded decision. */
export function renderNotes(replayed: Replayed, paint: Paint): readonly string[] {
  return listNotes(replayed).map((note) => `${' '.repeat(NOTE_INDENT)}${paint('yellow', `! ${note}`)}`);
}

/** For the page too. */
export function listNotes({ reconcile, today, warnings, keptAlthough, differs }: Replayed): readonly string[] {
  const notes = warnings.map(({ reason, message }) => `${reason}: ${message}`);
  if (keptAlthough !== null) notes.unshift(`${today?.leader?.name} leads, although it ${unfitText[keptAlthough]}`);
  notes.push(...listObserved(reconcile.snapshot, today));
  if (reconcile.status !== null && reconcile.status !== 200) notes.push(`delivery: ${renderStatus(reconcile.status)}`);
  if (today === null) notes.push('the recording does not hold the state that this depended on');
  if (differs && reconcile.recorded !== null) notes.push(`recorded was: ${renderOutcome(reconcile.recorded)}`);
  return notes;
}

/** What a bridge saw of the pod that was left, or whose failure moves nothing: by which check. */
function listObserved(snapshot: Snapshot | null, today: Outcome | null): readonly string[] {
  if (snapshot === null || today === null || today.reason === 'LeaderFit') return [];
  const pod = snapshot.candidates.find(({ uid }) => uid === today.previous?.uid);
  const check = judgedCheck(snapshot.source?.annotations ?? {});
  const seen: string[] = [];
  const isLeft = pod?.health?.verdict === 'failing' || pod?.health?.role === 'other';
  if (pod?.health !== undefined && isLeft) seen.push(`${pod.name} ${describeHealth(pod.health)}: ${check}`);
  if (pod?.node?.verdict === 'silent')
    seen.push(`node ${pod.nodeName} of ${pod.name} is silent since ${formatRfc3339(pod.node.since)}`);
  return seen;
}

/** In one line, for a comparison. */
export function renderOutcome({ decision, reason, leader, previous, epoch }: Outcome): string {
  const names = `leader ${leader?.name ?? 'none'}, before ${previous?.name ?? 'none'}`;
  return `${decision} ${reason}, ${names}, epoch ${epoch}`;
}

function renderLeaders(outcome: Outcome | null): string {
  if (outcome === null) return '-';
  const { previous, leader } = outcome;
  if (isSame(previous, leader)) return leader?.name ?? '-';
  // A pod of a StatefulSet comes back under its name, and would pass for the same one without a
  // mark.
  const again = previous !== null && previous.name === leader?.name ? ' (new uid)' : '';
  return `${previous?.name ?? 'none'} -> ${leader?.name ?? 'none'}${again}`;
}

function isSame(a: Leader | null, b: Leader | null): boolean {
  return a?.uid === b?.uid;
}

function renderSeen({ reconcile: { change, type } }: Replayed): string {
  return change === null ? type : `${change.kind} ${change.name} ${change.verb}`;
}

function renderStatus(status: number): string {
  return status === 0 ? 'no answer' : `answered ${status}`;
}
