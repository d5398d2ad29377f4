/**
 * Carry: what a function wants to know at the next event of a Service, as one text.
 * docs/reference/events.md#events
 *
 * Guarantees: what cannot be read is nothing, as with a carry that was lost. At most
 * 3,300 characters.
 */

import { formatLedger, type Ledger, noLedger, parseLedger } from './ledger.ts';
import type { Evidence } from './whyHint.ts';

export interface Carry {
  /** What the announcer asked to get back. */
  readonly warnings: string | undefined;
  readonly ledger: Ledger;
}

const SEPARATOR = ';';

/**
 * Undefined where there is nothing to carry. `leadMs`: what is to be added to this clock to get
 * that of the event's sender. Functions write the ledger in turns, so its instants travel by the
 * clock of the bridge. By the clock of a function that is ahead they would be in the future.
 */
export function formatCarry({ warnings, ledger }: Carry, leadMs: number): string | undefined {
  const written = formatLedger(shift(ledger, leadMs));
  return written === '' ? warnings : [warnings ?? '', written].join(SEPARATOR);
}

export function parseCarry(text: string | undefined, leadMs: number): Carry {
  if (text === undefined) return { warnings: undefined, ledger: noLedger };
  const [warnings, written = ''] = text.split(SEPARATOR, 2);
  return { warnings: warnings === '' ? undefined : warnings, ledger: shift(parseLedger(written), -leadMs) };
}

/**
 * No decision depends on it. What was written counts also for a hint, which is how a Service that
 * is too large for a snapshot is damped. What a stranger sends does not count.
 */
export function carryIn(evidence: Evidence, isSent: boolean): Carry {
  const { isTrusted, data } = evidence;
  const carry = parseCarry(
    isTrusted && data.kind === 'readable' ? data.value.carry : undefined,
    leadOfSender(evidence),
  );
  return isSent ? carry : { ...carry, warnings: undefined };
}

/**
 * What is to be added to our clock to get the sender's. The deadline stands for the moment at which
 * the event was built, because only differences count.
 */
export function leadOfSender({ isTrusted, data, now }: Evidence): number {
  return isTrusted && data.kind === 'readable' ? data.value.deadline - now : 0;
}

function shift(ledger: Ledger, byMs: number): Ledger {
  if (ledger.size === 0 || byMs === 0) return ledger;
  return new Map([...ledger].map(([key, entry]) => [key, { ...entry, at: Math.max(0, entry.at + byMs) }]));
}
