/**
 * electionSuffix: says which election and slot of a Service is meant, behind its name.
 */

import type { ElectionRef } from './electionSettings.ts';

/** `/ELECTION`, `/ELECTION/SLOT`, or nothing for the one that a Service without elections has. */
export function electionSuffix({ election, slot }: ElectionRef): string {
  if (slot > 0) return `/${election}/${slot}`;
  return election === '' ? '' : `/${election}`;
}
