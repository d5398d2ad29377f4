/**
 * Observer: what the health checks of this process say about the pods of a Service, as the rest of
 * the bridge asks for it.
 *
 * Guarantees: an answer at once, from memory. A Service without a check has no observations, so its
 * events stay as they are.
 */

import type { Observations, Role, Verdict } from '../../lib/selection/observation.ts';
import type { Uid } from '../../lib/selection/snapshot.ts';
import type { Source } from '../queue/concern.ts';

export interface Observer {
  /** Undefined where no check of this Service has a verdict, or where the verdicts are void. */
  observationsOf(source: Source): Observations | undefined;
}

/** A pod got its first verdict or role, or another one. `observationsOf` says it already. */
export interface VerdictChange {
  /** The source Service. */
  readonly source: Source;
  readonly podName: string;
  readonly podUid: Uid;
  readonly verdict: Verdict;
  /** The pod's answer to a role check; absent where it gave none. */
  readonly role?: Role;
}
