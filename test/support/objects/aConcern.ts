/** A concern about `shop/<name>`; only what a test is about is written in the test. */

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
