/**
 * Describes a write that the rules ask for in two words: `patch
 * endpointslices/postgres-leader-ipv4`.
 */

import type { Write } from './write.ts';

export function describeWrite(write: Write): string {
  return 'resource' in write ? `${write.kind} ${write.resource}/${write.name}` : `delete endpoints/${write.name}`;
}
