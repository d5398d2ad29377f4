/** Builds a concern about `shop/<name>`. A test writes only what it is about. */

import type { LeaderConcern } from '../../../bridge/leaders/leaderConcern.ts';
import type { Lane } from '../../../bridge/queue/concern.ts';
import { serviceKey } from '../../../lib/selection/snapshot.ts';
import { T0 } from './builders.ts';

export function aConcern(name: string, lane: Lane = 'change', overrides: Partial<LeaderConcern> = {}): LeaderConcern {
  return {
    key: serviceKey('shop', name),
    namespace: 'shop',
    name,
    type: 'io.zen-lead.pod.modified',
    change: { kind: 'Pod', name: `${name}-0`, verb: 'modified' },
    lane,
    observedAt: T0,
    ...overrides,
  };
}
