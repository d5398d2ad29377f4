/**
 * Keeps what a benchmark has measured: one JSON file and one picture a claim, and the table of all
 * of them in docs/performance.md.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Claim, ratioOf, renderPicture, renderTable } from './claim.ts';

export const resultsFolder = join(import.meta.dirname, 'results');
export const page = resolve(import.meta.dirname, '../docs/performance.md');
const [begin, end] = ['<!-- claims: written by bench/ -->', '<!-- end of claims -->'];

/** A claim without where it was measured, which several share. */
export type Part = Omit<Claim, 'setting'>;

export function writeClaim(claim: Claim): void {
  mkdirSync(resultsFolder, { recursive: true });
  writeFileSync(join(resultsFolder, `${claim.name}.json`), `${JSON.stringify(claim, null, 2)}\n`);
  writeFileSync(join(resultsFolder, `${claim.name}.svg`), renderPicture(claim));
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), readClaims()));
  console.log(`${claim.claim}\n${claim.load}\n${JSON.stringify(claim.setting)}`);
  for (const figure of claim.figures) {
    const { what, floor, zenLead, unit } = figure;
    console.log(`${what}: floor ${floor} ${unit}, zen-lead ${zenLead} ${unit}, ${ratioOf(figure)}`);
  }
}

/** Sorted by name. A result of another form, such as that of a client's failovers, is left out. */
export function readClaims(): readonly Claim[] {
  const files = readdirSync(resultsFolder).filter((file) => file.endsWith('.json'));
  return files
    .sort()
    .map((file): Claim => JSON.parse(readFileSync(join(resultsFolder, file), 'utf8')))
    .filter(({ figures }) => figures !== undefined);
}

export function withTable(text: string, claims: readonly Claim[]): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} has no place for the table of claims`);
  return `${text.slice(0, from + begin.length)}\n\n${renderTable(claims)}\n\n${text.slice(to)}`;
}

/** To a tenth. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN) * 10) / 10;
}
