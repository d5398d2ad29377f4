/**
 * perElection: takes the status of a Service with several elections apart, so that a table and a
 * page show each election and slot as they show a Service.
 */

import { electionSuffix } from '../lib/selection/elections/electionSuffix.ts';
import type { LeaderStatus } from './leaderStatus.ts';

/** The name behind the namespace becomes `SERVICE/ELECTION` or `SERVICE/ELECTION/SLOT`. */
export function perElection(status: LeaderStatus): readonly LeaderStatus[] {
  const { elections, handover: _, ...whole } = status;
  if (elections === undefined) return [status];
  return elections.map(({ election, slot, ...own }) => ({
    ...whole,
    ...own,
    service: `${status.service}${electionSuffix({ election, slot })}`,
  }));
}
