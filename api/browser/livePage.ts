/**
 * Follows /v1/events and draws one card for each Service on the live page.
 *
 * EventSource connects again by itself and then receives the whole state, so the page remembers
 * only what it shows.
 */

import { perElection } from '../perElection.ts';
import type { StatusEvents } from '../statusEvents.ts';
import { findElement, makeElement, oncePerFrame } from './elements.ts';
import { drawLocks } from './lockList.ts';
import { fillCard, leaderNameOf, showAges, whyChanged } from './statusCard.ts';
import { byUrgency, isTrouble, keyOf } from './urgency.ts';

type LeaderStatus = StatusEvents['leader'];

/** More cards make a phone slow; the filter finds the others. */
const MAX_CARDS = 300;
/** An hour of rollouts; older lines say little about what is wrong now. */
const MAX_CHANGES = 100;
/** After a connection: the whole state has come by then, also over a slow line. */
const WHOLE_STATE_WITHIN_MS = 1_500;

const filter = findElement('filter', HTMLInputElement);
const state = findElement('state', HTMLElement);
const summary = findElement('summary', HTMLElement);
const leaders = findElement('leaders', HTMLElement);
const changes = findElement('changes', HTMLElement);

const statuses = new Map<string, LeaderStatus>();
const cards = new Map<string, { readonly card: HTMLElement; shown: LeaderStatus | null }>();
/**
 * Keys that came since the connection opened. While it is set, a Service that comes is part of the
 * whole state and no news.
 */
let confirmed: Set<string> | null = null;
let readiness: StatusEvents['state'] = { ready: false, reasons: [] };
let isConnected = false;

const redraw = oncePerFrame(() => {
  const wanted = filter.value.trim();
  const all = [...statuses.values()];
  const found = all.filter((status) => keyOf(status).includes(wanted) || status.leader?.name.includes(wanted));
  const shown = found.toSorted(byUrgency).slice(0, MAX_CARDS);
  for (const key of cards.keys()) if (!statuses.has(key)) cards.delete(key);
  const elements = shown.map(drawCard);
  // Cards that stay where they are keep their animation and what is selected in them.
  const isSame =
    leaders.children.length === elements.length && elements.every((card, at) => leaders.children[at] === card);
  if (!isSame) leaders.replaceChildren(...elements);
  showSummary(all, found.length, shown.length);
  showState();
  showAges(Date.now());
});

function drawCard(status: LeaderStatus): HTMLElement {
  const key = keyOf(status);
  const entry = cards.get(key) ?? { card: makeElement('article', ''), shown: null };
  cards.set(key, entry);
  if (entry.shown === status) return entry.card;
  const isMoved = entry.shown !== null && leaderNameOf(entry.shown) !== leaderNameOf(status);
  fillCard(entry.card, status);
  entry.shown = status;
  if (isMoved) {
    // Reading the layout ends an animation that still runs, so that it begins again.
    void entry.card.offsetWidth;
    entry.card.classList.add('changed');
  }
  return entry.card;
}

function showSummary(all: readonly LeaderStatus[], found: number, shown: number): void {
  const trouble = all.filter(isTrouble).length;
  // The name of a Service has no slash.
  const services = new Set(all.map(({ namespace, service }) => `${namespace}/${service.split('/')[0]}`)).size;
  summary.textContent = [
    `${services} ${services === 1 ? 'Service' : 'Services'}`,
    trouble === 0 ? '' : `, ${trouble} without a leader`,
    found === shown ? '' : `; the first ${shown} are shown`,
  ].join('');
  document.title = `${trouble === 0 ? '' : `(${trouble}) `}zen-lead`;
}

function showState(): void {
  if (!isConnected) {
    state.textContent = 'connection lost, trying again';
    state.className = 'cut';
  } else {
    state.textContent = readiness.ready ? 'live' : readiness.reasons.join('; ') || 'starting';
    state.className = readiness.ready ? 'live' : '';
  }
}

function addChange(text: string): void {
  const line = document.createElement('li');
  const now = new Date();
  const time = makeElement('time', '', now.toLocaleTimeString());
  time.setAttribute('datetime', now.toISOString());
  line.append(time, text);
  changes.querySelector('.none')?.remove();
  changes.prepend(line);
  while (changes.children.length > MAX_CHANGES) changes.lastElementChild?.remove();
}

/** Each election of a Service, and each slot of a pool, has a card of its own. */
function takeStatus(status: LeaderStatus): void {
  const all = perElection(status);
  const keys = new Set(all.map(keyOf));
  for (const key of keysOf(status)) if (!keys.has(key)) statuses.delete(key);
  for (const each of all) takeElection(each);
  redraw();
}

function takeElection(status: LeaderStatus): void {
  const key = keyOf(status);
  const previous = statuses.get(key);
  statuses.set(key, status);
  confirmed?.add(key);
  if (previous === undefined) {
    if (confirmed === null) addChange(`${key} was annotated`);
  } else if (previous.leader?.uid !== status.leader?.uid) {
    addChange(`${key}: ${leaderNameOf(previous)} → ${leaderNameOf(status)}, ${whyChanged(status)}`);
  }
}

/** Of one Service, what the page shows of it. */
function keysOf(source: StatusEvents['removed']): readonly string[] {
  const key = keyOf(source);
  return [...statuses.keys()].filter((each) => each === key || each.startsWith(`${key}/`));
}

/** What has not come within the whole state has gone while the page was not connected. */
function dropUnconfirmed(sinceOpen: ReadonlySet<string>): void {
  // The connection was lost and opened again: the later timer knows.
  if (confirmed !== sinceOpen) return;
  for (const key of statuses.keys()) if (!sinceOpen.has(key)) statuses.delete(key);
  confirmed = null;
  redraw();
}

const events = new EventSource('v1/events');

function listen<Name extends keyof StatusEvents>(name: Name, take: (event: StatusEvents[Name]) => void): void {
  events.addEventListener(name, (event: MessageEvent<string>) => take(JSON.parse(event.data)));
}

events.addEventListener('open', () => {
  isConnected = true;
  const sinceOpen = new Set<string>();
  confirmed = sinceOpen;
  setTimeout(() => dropUnconfirmed(sinceOpen), WHOLE_STATE_WITHIN_MS);
});
events.addEventListener('error', () => {
  isConnected = false;
  redraw();
});
listen('state', (sent) => {
  readiness = sent;
  redraw();
});
listen('leader', takeStatus);
listen('removed', (gone) => {
  for (const key of keysOf(gone)) statuses.delete(key);
  addChange(`${keyOf(gone)} is not annotated any more`);
  redraw();
});
listen('locks', drawLocks);
filter.addEventListener('input', redraw);
setInterval(() => showAges(Date.now()), 1_000);
redraw();
