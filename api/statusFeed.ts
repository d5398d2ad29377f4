/**
 * createStatusFeed: the status of every Service that the bridge watches, and its changes. See
 * sourceFeed.ts for what holds.
 */

import type { Snapshot } from '../lib/selection/snapshot.ts';
import { type LeaderStatus, toLeaderStatus } from './leaderStatus.ts';
import { createSourceFeed, type SourceFeed, type SourceName, type WatchedSources } from './sourceFeed.ts';

export type { SourceName } from './sourceFeed.ts';

/** `startBridge` returns one. */
export interface WatchedCluster extends WatchedSources {
  isSource(source: SourceName): boolean;
  snapshotOf(source: SourceName): Snapshot;
}

export type StatusChange =
  | { readonly kind: 'leader'; readonly status: LeaderStatus }
  | { readonly kind: 'removed'; readonly namespace: string; readonly service: string };

export type StatusFeed = SourceFeed<WatchedCluster, LeaderStatus, StatusChange>;

export function createStatusFeed(now: () => number = Date.now): StatusFeed {
  return createSourceFeed<WatchedCluster, LeaderStatus, StatusChange>(
    {
      read: (cluster, source, at) => (cluster.isSource(source) ? toLeaderStatus(cluster.snapshotOf(source), at) : null),
      changesAt: ({ nextLookAt }) => (nextLookAt === null ? null : Date.parse(nextLookAt)),
      toChange: (status) => ({ kind: 'leader', status }),
      toRemoved: ({ namespace, name }) => ({ kind: 'removed', namespace, service: name }),
    },
    now,
  );
}
