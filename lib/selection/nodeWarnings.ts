/**
 * nodeWarnings: warns where a pod leads on a node that is silent or unfit, because no pod on a
 * better node can take over. docs/reference/annotations.md#nodes
 */

import type { Choice } from './choose.ts';
import type { Warning } from './decision.ts';
import { nodeFaultOf } from './nodeFault.ts';

export function nodeWarnings({ reason, pod }: Choice): readonly Warning[] {
  if (reason !== 'LeaderFit' || pod?.nodeName === undefined) return [];
  const fault = nodeFaultOf(pod);
  if (fault === null || fault === 'cordoned') return [];
  const what = fault === 'silent' ? 'is silent' : `has the condition ${pod.node?.condition}`;
  const message = `Pod "${pod.name}" leads although its node "${pod.nodeName}" ${what}: no pod on a better node can take over.`;
  return [{ reason: fault === 'silent' ? 'NodeSilent' : 'NodeUnfit', value: pod.nodeName, message }];
}
