/** Replaces the one place that a mutant names; throws when the place is gone or not alone. */

import type { Mutant } from './mutants.ts';

export function applyMutant(source: string, { name, file, search, replace }: Mutant): string {
  const places = source.split(search).length - 1;
  if (places !== 1) throw new Error(`mutant "${name}": ${file} has its text ${places} times, not once`);
  return source.replace(search, () => replace);
}
