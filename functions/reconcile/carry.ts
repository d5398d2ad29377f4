/**
 * Carry: what a function wants to know at the next event of a Service, as one text.
 * docs/reference/events.md#events
 *
 * Guarantees: what cannot be read is nothing, as with a carry that was lost. At most 600
 * characters.
 */

import { formatLedger, type Ledger, noLedger, parseLedger } from './damping.ts';

export interface Carry {
  /** What the announcer asked to get back. */
  readonly warnings: string | undefined;
  readonly ledger: Ledger;
}

const SEPARATOR = ';';

/** Undefined where there is nothing to carry. */
export function formatCarry({ warnings, ledger }: Carry): string | undefined {
  const written = formatLedger(ledger);
  return written === '' ? warnings : [warnings ?? '', written].join(SEPARATOR);
}

export function parseCarry(text: string | undefined): Carry {
  if (text === undefined) return { warnings: undefined, ledger: noLedger };
  const [warnings, written = ''] = text.split(SEPARATOR, 2);
  return { warnings: warnings === '' ? undefined : warnings, ledger: parseLedger(written) };
}
