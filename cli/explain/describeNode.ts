/**
 * Says in words what stands against a pod because of its node.
 */

import { formatRfc3339 } from '../../lib/events/rfc3339.ts';
import type { NodeState } from '../../lib/selection/snapshot.ts';

/** Empty where nothing does. */
export function describeNode({ verdict, since, condition, cordoned }: NodeState): string {
  if (verdict === 'silent') return `; its node is silent since ${formatRfc3339(since)}`;
  if (condition !== undefined) return `; its node has the condition ${condition}`;
  return cordoned === true ? '; its node is cordoned' : '';
}
