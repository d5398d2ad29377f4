/**
 * Follows /v1/events and lists the flows on the live page of zen-flow. It draws the one that is
 * chosen, again after each change of it.
 *
 * EventSource connects again by itself and then receives the whole state, so the page remembers
 * only what it shows.
 */

import type { FlowEvents } from '../flows/flowFeed.ts';
import type { FlowGraph } from '../flows/flowStatus.ts';
import { findElement, makeElement, oncePerFrame } from './elements.ts';
import { drawFlow } from './flowGraph.ts';

type FlowStatus = FlowEvents['flow'];

/** More lines make a phone slow; the filter finds the others. */
const MAX_LINES = 300;
/** After a connection: the whole state has come by then, also over a slow line. */
const WHOLE_STATE_WITHIN_MS = 1_500;
/** A wide flow changes many times a second, and each reading is all of its steps. */
const READ_EVERY_MS = 500;

const filter = findElement('filter', HTMLInputElement);
const state = findElement('state', HTMLElement);
const summary = findElement('summary', HTMLElement);
const list = findElement('flows', HTMLElement);
const section = findElement('chosen', HTMLElement);

const statuses = new Map<string, FlowStatus>();
const lines = new Map<string, { readonly line: HTMLElement; readonly button: HTMLElement; shown: FlowStatus | null }>();
/** Keys that came since the connection opened; null once the whole state has come. */
let confirmed: Set<string> | null = null;
let readiness: FlowEvents['state'] = { ready: false, reasons: [] };
let isConnected = false;
let chosen = '';
/** The revision of the chosen flow that is drawn, or is being read. */
let drawn = -1;
let isReading = false;

const keyOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }) => `${namespace}/${name}`;
const isOpen = ({ endedAt }: FlowStatus): boolean => endedAt === null;

/** What waits for a person, then what has failed, then what runs. */
function rankOf(status: FlowStatus): number {
  if (status.waiting.length > 0) return 0;
  if (isOpen(status)) return status.failed > 0 ? 1 : 2;
  return status.phase === 'Failed' ? 3 : 4;
}

const redraw = oncePerFrame(() => {
  const wanted = filter.value.trim();
  const all = [...statuses.values()];
  const found = all.filter((status) => keyOf(status).includes(wanted));
  const shown = found
    .toSorted((a, b) => rankOf(a) - rankOf(b) || (b.startedAt ?? '').localeCompare(a.startedAt ?? ''))
    .slice(0, MAX_LINES);
  for (const key of lines.keys()) if (!statuses.has(key)) lines.delete(key);
  const elements = shown.map(drawLine);
  const isSame = list.children.length === elements.length && elements.every((line, at) => list.children[at] === line);
  if (!isSame) list.replaceChildren(...elements);
  const open = all.filter(isOpen).length;
  const cut = found.length === shown.length ? '' : `; the first ${shown.length} are shown`;
  summary.textContent = `${all.length} ${all.length === 1 ? 'flow' : 'flows'}, ${open} on the way${cut}`;
  state.textContent = isConnected
    ? readiness.ready
      ? 'live'
      : readiness.reasons.join('; ') || 'starting'
    : 'connection lost, trying again';
  state.className = isConnected ? (readiness.ready ? 'live' : '') : 'cut';
  readChosen();
});

function drawLine(status: FlowStatus): HTMLElement {
  const key = keyOf(status);
  const entry = lines.get(key) ?? makeLine(key);
  lines.set(key, entry);
  entry.button.setAttribute('aria-pressed', String(key === chosen));
  if (entry.shown === status) return entry.line;
  entry.shown = status;
  const { phase, reason, ended, total, waiting } = status;
  entry.button.className = phase;
  const said = [phase, reason].filter((part) => part !== null).join(' ');
  entry.button.replaceChildren(
    makeElement('span', 'name', key),
    makeElement('span', 'phase', said),
    makeElement('span', 'progress', `${ended}/${total}`),
    ...(waiting.length === 0 ? [] : [makeElement('span', 'waiting', `waits for ${waiting.join(', ')}`)]),
  );
  return entry.line;
}

function makeLine(key: string) {
  const line = document.createElement('li');
  const button = document.createElement('button');
  button.type = 'button';
  button.addEventListener('click', () => {
    location.hash = encodeURIComponent(key);
  });
  line.append(button);
  return { line, button, shown: null };
}

function choose(): void {
  chosen = decode(location.hash.slice(1));
  drawn = -1;
  section.hidden = true;
  redraw();
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** Reads the steps of the chosen flow where they have changed, one reading at a time. */
function readChosen(): void {
  const status = statuses.get(chosen);
  if (status === undefined) section.hidden = true;
  if (status === undefined || isReading || drawn === status.revision) return;
  isReading = true;
  drawn = status.revision;
  const key = chosen;
  const path = `v1/flows/${encodeURIComponent(status.namespace)}/${encodeURIComponent(status.name)}`;
  void fetch(path)
    .then(async (response) => {
      if (!response.ok || key !== chosen) return;
      const graph = (await response.json()) as FlowGraph;
      drawn = graph.revision;
      section.hidden = false;
      drawFlow(graph);
    })
    .catch(() => {
      drawn = -1;
    })
    .finally(() => {
      setTimeout(() => {
        isReading = false;
        redraw();
      }, READ_EVERY_MS);
    });
}

const events = new EventSource('v1/events');

function listen<Name extends keyof FlowEvents>(name: Name, take: (event: FlowEvents[Name]) => void): void {
  events.addEventListener(name, (event: MessageEvent<string>) => take(JSON.parse(event.data)));
}

events.addEventListener('open', () => {
  isConnected = true;
  const sinceOpen = new Set<string>();
  confirmed = sinceOpen;
  setTimeout(() => {
    // The connection was lost and opened again: the later timer knows.
    if (confirmed !== sinceOpen) return;
    for (const key of statuses.keys()) if (!sinceOpen.has(key)) statuses.delete(key);
    confirmed = null;
    redraw();
  }, WHOLE_STATE_WITHIN_MS);
});
events.addEventListener('error', () => {
  isConnected = false;
  redraw();
});
listen('state', (sent) => {
  readiness = sent;
  redraw();
});
listen('flow', (status) => {
  confirmed?.add(keyOf(status));
  statuses.set(keyOf(status), status);
  redraw();
});
listen('removed', (gone) => {
  statuses.delete(keyOf(gone));
  redraw();
});
filter.addEventListener('input', redraw);
addEventListener('hashchange', choose);
choose();
