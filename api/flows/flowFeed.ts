/**
 * createFlowFeed: the status of the flows that a bridge watches, and its changes. See
 * ../sourceFeed.ts for what holds.
 *
 * It shows MAX_FLOWS at most: those that have not ended come before the others, and newer ones
 * before older ones.
 */

import { createSourceFeed, type SourceFeed, type SourceName, type WatchedSources } from '../sourceFeed.ts';
import { type FlowStatus, toFlowStatus, type WatchedFlow } from './flowStatus.ts';

export interface WatchedFlows extends WatchedSources {
  viewOf(source: SourceName): WatchedFlow | null;
}

/** What /v1/events sends about flows. The server and the page share these types. */
export interface FlowEvents {
  readonly flow: FlowStatus;
  readonly removed: { readonly namespace: string; readonly name: string };
  readonly state: { readonly ready: boolean; readonly reasons: readonly string[] };
}

export type FlowFeedChange =
  | { readonly kind: 'flow'; readonly status: FlowStatus }
  | ({ readonly kind: 'removed' } & SourceName);

export type FlowFeed = SourceFeed<WatchedFlows, FlowStatus, FlowFeedChange>;

/** Some 600 KiB of list. A browser still scrolls through so many. */
export const MAX_FLOWS = 2_000;

export function createFlowFeed(now: () => number = Date.now): FlowFeed {
  const feed = createSourceFeed<WatchedFlows, FlowStatus, FlowFeedChange>(
    {
      read(cluster, source) {
        const found = cluster.viewOf(source);
        return found === null ? null : toFlowStatus(found);
      },
      // A phase changes with the record alone.
      changesAt: () => null,
      toChange: (status) => ({ kind: 'flow', status }),
      toRemoved: (source) => ({ kind: 'removed', ...source }),
    },
    now,
  );
  return {
    ...feed,
    follow: (cluster) => feed.follow({ ...cluster, sources: () => chooseShown(cluster) }),
  };
}

function chooseShown(cluster: WatchedFlows): readonly SourceName[] {
  const all = cluster.sources();
  if (all.length <= MAX_FLOWS) return all;
  const dated = all.map((source) => {
    const found = cluster.viewOf(source);
    const isOpen = found !== null && (found.record?.endedAt ?? null) === null;
    return { source, isOpen, at: found?.flow.createdAt ?? 0 };
  });
  return dated
    .sort((a, b) => Number(b.isOpen) - Number(a.isOpen) || b.at - a.at)
    .slice(0, MAX_FLOWS)
    .map(({ source }) => source);
}
