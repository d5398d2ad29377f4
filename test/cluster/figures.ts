/**
 * Prints a figure that a story has measured, and keeps it where `ZEN_LEAD_FIGURES` names a file.
 * All figures have one form.
 */

import { appendFileSync } from 'node:fs';

/** As one line of the file. */
export interface Sample {
  readonly what: string;
  readonly milliseconds: number;
  /** The mode of kube-proxy. */
  readonly proxy: string;
}

export const proxyMode = process.env['ZEN_LEAD_PROXY_MODE'] ?? 'nftables';

/** How often a story of one failover is told, so that it gives so many samples. */
export const TIMES = Number(process.env['ZEN_LEAD_TIMES'] ?? 1);

export function note(what: string, milliseconds: number): void {
  console.log(`cluster figure: ${what} ${Math.round(milliseconds)} ms`);
  const file = process.env['ZEN_LEAD_FIGURES'];
  const sample: Sample = { what, milliseconds: Math.round(milliseconds), proxy: proxyMode };
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(sample)}\n`);
}
