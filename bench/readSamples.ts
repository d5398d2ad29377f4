/**
 * Reads the command line of a benchmark: how many samples each contestant gives.
 *
 * Guarantees: returns only a whole number from 1 on. On `--help`, and on every other word, the
 * process ends before it measures anything, so that no results are overwritten.
 */

import { parseArgs } from 'node:util';

/** `reason` says why so many samples without a word. */
interface Usage {
  readonly script: string;
  readonly samples: number;
  readonly reason: string;
}

export function readSamples(usage: Usage, words: readonly string[] = process.argv.slice(2)): number {
  try {
    const samples = parseSamples(words, usage.samples);
    if (samples !== 'help') return samples;
    console.log(renderUsage(usage));
    process.exit(0);
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}\n\n${renderUsage(usage)}`);
    process.exit(2);
  }
}

export function parseSamples(words: readonly string[], byDefault: number): number | 'help' {
  const options = { help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
  if (values.help === true) return 'help';
  const [word, ...others] = positionals;
  if (others.length > 0) throw new Error(`takes one number of samples, got "${positionals.join(' ')}"`);
  if (word === undefined) return byDefault;
  if (/^[1-9]\d{0,6}$/.test(word)) return Number(word);
  throw new Error(`"${word}" is not a number of samples: a whole number from 1 to 9999999`);
}

function renderUsage({ script, samples, reason }: Usage): string {
  return `usage: node bench/${script} [SAMPLES]

SAMPLES: how often each contestant is measured (${samples} by default: ${reason}).
The figures replace those in bench/results.`;
}
