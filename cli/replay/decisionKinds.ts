/**
 * The kinds of a decision, in the order in which pages and tables number them.
 */

import type { DecisionKind } from '../../lib/selection/decision.ts';

export const decisionKinds = ['elected', 'kept', 'lost', 'refused'] as const satisfies readonly DecisionKind[];
