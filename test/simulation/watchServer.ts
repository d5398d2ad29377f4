/**
 * WatchServer: is the API server's side of watches. It replays from a revision, then sends every
 * change and bookmarks, and ends after `timeoutSeconds`.
 *
 * As on the real one, a revision that has been compacted away is 410. One from the future is
 * accepted and silent. The watch of a client that reads too slowly ends.
 */

import { ZenLeadError } from '../../lib/errors.ts';
import type { Change, Etcd } from './etcd.ts';
import type { KubeObject } from './kubeObject.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { type Selection, toItem } from './selection.ts';

export interface WatchRequest extends Selection {
  readonly from: number;
  readonly timeoutSeconds: number;
}

export interface WatchClient {
  readonly name: string;
  /** How many lines are on their way, or have not been read. */
  pending(): number;
  deliver(line: object): void;
  /** Null when it ends cleanly. */
  end(error: ZenLeadError | null): void;
}

export interface WatchServer {
  /** Returns what stops it. Throws KUBE_GONE. */
  open(request: WatchRequest, client: WatchClient): () => void;
  /** Ends the watches of one client, or of all. */
  end(name: string | null, toError: () => ZenLeadError | null): void;
}

interface Watch {
  readonly request: WatchRequest;
  readonly client: WatchClient;
  /** Revisions up to here have been sent, or were not asked for. */
  cursor: number;
}

/**
 * Far below the 64 KiB and more that kernel and proxies hold. It makes a frozen client lose its
 * watches now and then.
 */
const MAX_PENDING = 60;
/** The real one sends about one a minute; twice as often exercises them more. */
const BOOKMARK_MS = 30_000;

export function createWatchServer(etcd: Etcd, scheduler: Scheduler, random: Random): WatchServer {
  const watches = new Set<Watch>();

  function tell(watch: Watch, change: Change): void {
    const { request, client, cursor } = watch;
    if (change.plural !== request.plural || change.revision <= cursor) return;
    watch.cursor = change.revision;
    const line = toLine(change, request);
    if (line === null) return;
    if (client.pending() < MAX_PENDING) {
      client.deliver(line);
      return;
    }
    watches.delete(watch);
    client.end(null);
  }

  etcd.subscribe((change) => {
    for (const watch of watches) tell(watch, change);
  });

  function sendBookmarks(watch: Watch): void {
    scheduler.schedule(BOOKMARK_MS * random.between(0.7, 1), () => {
      if (!watches.has(watch)) return;
      if (etcd.revision() >= watch.cursor)
        watch.client.deliver({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(etcd.revision()) } } });
      sendBookmarks(watch);
    });
  }

  return {
    open(request, client) {
      const missed = etcd.changesAfter(request.from);
      if (missed === null) throw new ZenLeadError('KUBE_GONE', `watch from ${request.from}: expired`, { retry: 'now' });
      const watch = { request, client, cursor: request.from };
      watches.add(watch);
      for (const change of missed) tell(watch, change);
      sendBookmarks(watch);
      scheduler.schedule(request.timeoutSeconds * 1_000, () => {
        if (watches.delete(watch)) client.end(null);
      });
      return () => watches.delete(watch);
    },
    end(name, toError) {
      for (const watch of watches) {
        if (name !== null && watch.client.name !== name) continue;
        watches.delete(watch);
        watch.client.end(toError());
      }
    },
  };
}

/** An object that leaves the selection is sent as deleted, one that enters it as added. */
function toLine({ type, object, previous }: Change, selection: WatchRequest): object | null {
  const was = previous !== null && selection.matches(previous);
  const is = type !== 'DELETED' && selection.matches(object);
  if (!was && !is) return null;
  const shown: KubeObject =
    is || previous === null
      ? object
      : { ...previous, metadata: { ...previous.metadata, resourceVersion: object.metadata.resourceVersion } };
  return { type: is ? (was ? 'MODIFIED' : 'ADDED') : 'DELETED', object: toItem(shown, selection) };
}
