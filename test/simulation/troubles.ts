/** Troubles: what each kind of trouble gets, which draws from a stream of its own. */

import type { Cluster } from './cluster.ts';
import type { Scheduler } from './scheduler.ts';
import type { Verdict } from './verdict.ts';

export interface Troubles {
  readonly cluster: Cluster;
  readonly scheduler: Scheduler;
  readonly verdict: Verdict;
  readonly seed: number;
  readonly sources: readonly string[];
  /** From then on nothing new goes wrong. */
  readonly until: number;
  /** Undefined: as the seed says. */
  readonly isOn?: boolean | undefined;
}
