/**
 * Numbers the kinds of a decision, in the order that the page of `replay --html` uses.
 */

import type { DecisionKind } from '../../lib/selection/decision.ts';

export const decisionKinds = ['elected', 'kept', 'lost', 'refused'] as const satisfies readonly DecisionKind[];
