/**
 * Draws one annotated Service as a card of the live page.
 */

import { reasonText } from '../../lib/selection/reasonText.ts';
import { formatSpan } from '../formatSpan.ts';
import type { LeaderStatus } from '../leaderStatus.ts';
import { makeElement } from './elements.ts';
import { keyOf, urgencyOf } from './urgency.ts';

/**
 * The record of a Service goes when it is opted out. So FirstLeader says nothing about earlier
 * times, and a reader who saw a leader before must not be told that no pod led.
 */
const reasonTexts: Readonly<Record<string, string>> = {
  ...reasonText,
  FirstLeader: 'the first leader since the Service was opted in',
};

export function leaderNameOf({ leader }: LeaderStatus): string {
  return leader?.name ?? 'no pod';
}

/**
 * Why the leader last changed, in words; why the rules decide as they do, where it never changed.
 */
export function whyChanged({ lastReason, reason }: LeaderStatus): string {
  return lastReason === null ? reason : textOf(lastReason);
}

export function fillCard(card: HTMLElement, status: LeaderStatus): void {
  card.className = ['', 'attention', 'trouble'][urgencyOf(status)] ?? '';
  card.replaceChildren(
    makeElement('h2', '', status.leaderService === null ? keyOf(status) : `${keyOf(status)} → ${status.leaderService}`),
    makeElement('p', 'leader', leaderNameOf(status)),
    makeFacts(status),
    ...listNotes(status).map((note) => makeElement('p', 'note', note)),
  );
}

/**
 * Writes how long each leader has led; called every second, for the clock moves and no event says
 * so.
 */
export function showAges(now: number): void {
  for (const element of document.querySelectorAll<HTMLElement>('.since')) {
    const { since } = element.dataset;
    element.textContent = since ? `for ${formatAge(now - Date.parse(since))}` : 'never led';
  }
}

function makeFacts(status: LeaderStatus): HTMLElement {
  const { since, lastReason, leader, pods, epoch } = status;
  const age = makeElement('span', 'since');
  age.dataset['since'] = since ?? '';
  const facts = [leader?.node ?? '', `${pods.ready} of ${pods.total} pods Ready`, `epoch ${epoch}`];
  const why = lastReason === null ? '' : `: ${textOf(lastReason)}`;
  const made = makeElement('p', 'facts');
  made.append(age, `${why} · ${facts.filter((fact) => fact !== '').join(' · ')}`);
  return made;
}

function listNotes(status: LeaderStatus): readonly string[] {
  const { leader, handover, paused, reason, lastReason, warnings, verdicts, healthCheck, roleCheck, excluded } = status;
  return [
    ...(leader !== null && healthCheck?.leader === 'failing' ? [describeFailure(healthCheck)] : []),
    ...(leader !== null && roleCheck !== null ? describeRole(roleCheck) : []),
    ...(leader !== null && leader.address === null ? ['Nothing is routed to it.'] : []),
    ...(handover === undefined ? [] : [`${handover.from} is routed to as well until ${handover.until}.`]),
    ...(paused ? ['Paused: the leader does not move, whatever happens.'] : []),
    ...(leader === null && !paused && reason !== lastReason ? [textOf(reason)] : []),
    ...(excluded.length > 0 ? [describeExcluded(excluded)] : []),
    ...verdicts.filter(({ fit }) => !fit).map(describeVerdict),
    ...warnings.map((warning) => `${warning.reason}: ${warning.message}`),
  ];
}

/** A fleet of excluded pods must not push the next card off the screen. */
const MAX_EXCLUDED_NAMES = 5;

function describeExcluded(names: readonly string[]): string {
  const rest = names.length - MAX_EXCLUDED_NAMES;
  const shown = names.slice(0, MAX_EXCLUDED_NAMES).join(', ');
  return `Excluded from leading: ${shown}${rest > 0 ? ` and ${rest} more` : ''}.`;
}

function describeVerdict({ pod, by, reason, until }: LeaderStatus['verdicts'][number]): string {
  return `${by} reports ${pod} unfit until ${until}${reason === '' ? '' : `: ${reason}`}`;
}

function describeFailure({ check, detail, since, passing }: NonNullable<LeaderStatus['healthCheck']>): string {
  const why = detail === null ? '' : ` (${detail})`;
  return `Fails its check ${check}${why} since ${since ?? 'an unknown time'}; ${passing} pods pass.`;
}

function describeRole({ check, leader, detail, since }: NonNullable<LeaderStatus['roleCheck']>): readonly string[] {
  if (leader === 'other') return [`Says by ${check} that it is not the primary, since ${since}.`];
  const why = detail === null ? '' : ` (${detail})`;
  return leader === 'silent' ? [`Does not say its role by ${check}${why} since ${since}.`] : [];
}

/** A reason of a later version, written by another replica, is shown as it is. */
function textOf(reason: string): string {
  return reasonTexts[reason] ?? reason;
}

/** The card is drawn once a second: milliseconds would stand still. */
function formatAge(ms: number): string {
  return ms < 1_000 ? '0s' : formatSpan(ms);
}
