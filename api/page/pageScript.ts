/**
 * The script of the live page: follows /v1/events and draws a card a Service. Plain JavaScript for a browser, no framework.
 *
 * EventSource connects again by itself, and gets the whole state then, so nothing has to be remembered here but what is shown.
 */

import { reasonText } from '../../lib/selection/reasonText.ts';

export const pageScript = String.raw`
'use strict';
const reasonTexts = ${JSON.stringify(reasonText)};
/** More cards than this make a phone slow; the filter finds the others. */
const MOST_CARDS = 300, MOST_CHANGES = 100;
const element = (id) => document.getElementById(id);
const statuses = new Map(), cards = new Map();
/** From a "state" event on, the events that follow at once are the whole state and no news. */
let fresh = null, ready = { ready: false, reasons: [] }, isConnected = false;

const keyOf = ({ namespace, service }) => namespace + '/' + service;
const leaderName = ({ leader }) => (leader ? leader.name : null);
const isTrouble = (status) => !status.leader || !status.leader.address || status.decision === 'refused';
const needsAttention = (status) => status.warnings.length > 0 || status.paused;

function span(ms) {
  const units = [[86400000, 'd'], [3600000, 'h'], [60000, 'm'], [1000, 's']];
  const at = units.findIndex(([size]) => ms >= size);
  if (at < 0) return '0s';
  const first = Math.floor(ms / units[at][0]), next = units[at + 1];
  const second = next ? Math.floor((ms % units[at][0]) / next[0]) : 0;
  return first + units[at][1] + (second ? second + next[1] : '');
}

function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function fill(card, status) {
  card.className = isTrouble(status) ? 'trouble' : needsAttention(status) ? 'attention' : '';
  const facts = make('p', 'facts');
  const since = make('span', 'since');
  since.dataset.since = status.since || '';
  const more = [status.leader && status.leader.node, status.pods.ready + ' of ' + status.pods.total + ' pods Ready', 'epoch ' + status.epoch];
  facts.append(since, (status.lastReason ? ': ' + (reasonTexts[status.lastReason] || status.lastReason) : '') + ' \u00b7 ' + more.filter(Boolean).join(' \u00b7 '));
  const notes = status.warnings.map(({ reason, message }) => make('p', 'note', reason + ': ' + message));
  if (!status.leader && !status.paused && status.reason !== status.lastReason) notes.unshift(make('p', 'note', reasonTexts[status.reason] || status.reason));
  if (status.paused) notes.unshift(make('p', 'note', 'Paused: the leader does not move, whatever happens.'));
  if (status.leader && !status.leader.address) notes.unshift(make('p', 'note', 'Nothing is routed to it.'));
  card.replaceChildren(make('h3', '', keyOf(status) + (status.leaderService ? ' \u2192 ' + status.leaderService : '')), make('p', 'leader', leaderName(status) || 'nobody'), facts, ...notes);
}

function tellAge() {
  for (const since of document.querySelectorAll('.since')) since.textContent = since.dataset.since ? 'for ' + span(Date.now() - Date.parse(since.dataset.since)) : 'never led';
}

/** Trouble first, then by name. */
function order(a, b) { return isTrouble(b) - isTrouble(a) || needsAttention(b) - needsAttention(a) || (keyOf(a) < keyOf(b) ? -1 : 1); }

let isScheduled = false;
function redraw() { if (!isScheduled) { isScheduled = true; requestAnimationFrame(() => { isScheduled = false; draw(); }); } }
function draw() {
  const wanted = element('filter').value.trim();
  const all = [...statuses.values()];
  const found = all.filter((status) => keyOf(status).includes(wanted) || (leaderName(status) || '').includes(wanted)).sort(order);
  const shown = found.slice(0, MOST_CARDS);
  for (const status of shown) {
    const key = keyOf(status);
    let entry = cards.get(key);
    if (!entry) cards.set(key, (entry = { card: make('article'), status: null }));
    if (entry.status !== status) { const isChanged = entry.status && leaderName(entry.status) !== leaderName(status); fill(entry.card, status); entry.status = status; if (isChanged) { void entry.card.offsetWidth; entry.card.classList.add('changed'); } }
  }
  for (const key of cards.keys()) if (!statuses.has(key)) cards.delete(key);
  const elements = shown.map((status) => cards.get(keyOf(status)).card);
  const now = [...element('leaders').children];
  if (now.length !== elements.length || now.some((each, i) => each !== elements[i])) element('leaders').replaceChildren(...elements);
  const trouble = all.filter(isTrouble).length;
  element('summary').textContent = all.length + (all.length === 1 ? ' Service' : ' Services') + (trouble ? ', ' + trouble + ' without a leader' : '') + (found.length > shown.length ? '; the first ' + shown.length + ' are shown' : '');
  element('state').textContent = !isConnected ? 'connection lost, trying again' : ready.ready ? 'live' : ready.reasons.join('; ') || 'starting';
  element('state').className = !isConnected ? 'cut' : ready.ready ? 'live' : '';
  document.title = (trouble ? '(' + trouble + ') ' : '') + 'zen-lead';
  tellAge();
}

function tellChange(text) {
  const list = element('changes'), line = make('li');
  const time = make('time', '', new Date().toLocaleTimeString());
  line.append(time, text);
  for (const none of list.querySelectorAll('.none')) none.remove();
  list.prepend(line);
  while (list.children.length > MOST_CHANGES) list.lastChild.remove();
}

function take(status) {
  const key = keyOf(status), before = statuses.get(key);
  statuses.set(key, status);
  if (fresh) fresh.add(key);
  const was = before ? leaderName(before) : null, is = leaderName(status), uid = ({ leader }) => (leader ? leader.uid : null);
  if (before && uid(before) !== uid(status)) tellChange(key + ': ' + (was || 'nobody') + ' \u2192 ' + (is || 'nobody') + ', ' + (reasonTexts[status.lastReason] || status.reason));
  else if (!before && !fresh) tellChange(key + ' was annotated');
  redraw();
}

const events = new EventSource('v1/events');
events.addEventListener('open', () => {
  isConnected = true;
  fresh = new Set();
  // What is still there was told within this moment; what was not has gone while nobody was connected.
  setTimeout(() => { for (const key of statuses.keys()) if (!fresh.has(key)) statuses.delete(key); fresh = null; redraw(); }, 1500);
});
events.addEventListener('error', () => { isConnected = false; redraw(); });
events.addEventListener('state', (event) => { ready = JSON.parse(event.data); redraw(); });
events.addEventListener('leader', (event) => take(JSON.parse(event.data)));
events.addEventListener('removed', (event) => { const gone = JSON.parse(event.data); statuses.delete(keyOf(gone)); tellChange(keyOf(gone) + ' is not annotated any more'); redraw(); });
element('filter').addEventListener('input', redraw);
setInterval(tellAge, 1000);
redraw();
`;
