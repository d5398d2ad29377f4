/**
 * drawLocks: shows who holds each lock, and who waits for it, on the live page.
 *
 * The section is hidden where the process keeps no locks.
 */

import type { StatusEvents } from '../statusEvents.ts';
import { findElement, makeElement } from './elements.ts';

/** A queue has 64 places, too many to read. */
const MAX_WAITERS = 5;

const section = findElement('locks', HTMLElement);
const list = findElement('lock-list', HTMLElement);

export function drawLocks(locks: StatusEvents['locks']): void {
  section.hidden = false;
  const lines = locks.map(({ namespace, name, holder, token, queue }) => {
    const line = document.createElement('li');
    line.append(
      makeElement('span', 'lock', `${namespace}/${name}`),
      makeElement('span', 'holder', holder === null ? 'free' : `held by ${holder}, token ${token}`),
    );
    if (queue.length > 0) line.append(makeElement('span', 'queue', toText(queue)));
    return line;
  });
  list.replaceChildren(...(lines.length === 0 ? [makeElement('li', 'none', 'none is held')] : lines));
}

function toText(queue: readonly string[]): string {
  const shown = queue.slice(0, MAX_WAITERS).join(', ');
  const others = queue.length - MAX_WAITERS;
  return `${queue.length} ${queue.length === 1 ? 'waits' : 'wait'}: ${shown}${others > 0 ? ` and ${others} more` : ''}`;
}
