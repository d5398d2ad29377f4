/**
 * Turns the settings about nodes of `run` and `bridge` into what a bridge takes.
 */

import type { NodeHealthOptions } from '../../bridge/nodes/nodeHealth.ts';
import type { Values } from '../../lib/config/parseCommandLine.ts';

export function toNodeHealthOptions({
  nodeCheckPort,
  nodeUnfitConditions,
}: Pick<Values<'bridge'>, 'nodeCheckPort' | 'nodeUnfitConditions'>): NodeHealthOptions {
  const port = Number(nodeCheckPort ?? 0);
  return {
    // No server listens on port 0, so it switches the check off.
    ...(port > 0 && { checkPort: port }),
    ...(nodeUnfitConditions !== undefined && { unfitConditions: nodeUnfitConditions.split(',') }),
  };
}
