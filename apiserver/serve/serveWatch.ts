/**
 * Serves one watch: the current state or what the client missed, then each change as it happens,
 * with bookmarks in between.
 *
 * Guarantees: each change comes once, in order of revision. A change that moves an object out of
 * the selector arrives as DELETED, one that moves it in as ADDED. A version that is too old arrives
 * as an ERROR line. A client that does not read is cut off, as by the real server.
 *
 * Source:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes and
 * #watch-bookmarks
 */

import type { ServerResponse } from 'node:http';
import type { ApiState } from '../apiState.ts';
import { groupVersionOf, type Kind } from '../kind.ts';
import type { KubeObject } from '../kubeObject.ts';
import type { Change } from '../revisionStore.ts';
import { expired } from '../statusError.ts';
import { listObjects, selectorOf } from '../verbs/listObjects.ts';
import type { WatchOptions } from './parseOptions.ts';
import { type RepresentOptions, representObject } from './represent.ts';

interface WatchTarget {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  /** Set by the deprecated path that watches one object. */
  readonly name: string | undefined;
}

/**
 * 16 MiB unread are 16,000 changes of 1 KiB. The real server gives up far earlier, at about 100
 * changes.
 */
const unreadLimitBytes = 16 * 1024 * 1024;
/** The real server ends a watch without timeoutSeconds after 30 to 60 minutes. */
const defaultTimeoutMs = 45 * 60_000;

export function serveWatch(
  state: ApiState,
  target: WatchTarget,
  options: WatchOptions,
  represent: RepresentOptions,
  bookmarkIntervalMs: number,
  response: ServerResponse,
): void {
  const { store } = state;
  const { kind, namespace, name } = target;
  const isSelected = selectorOf(kind, options);
  const isWanted = (object: KubeObject) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    (isSelected === null || isSelected(object));
  let hasColumns = true;

  const send = (type: string, object: KubeObject): void => {
    const text = representObject(kind, object, { ...represent, nowAt: state.now(), hasColumns });
    hasColumns = false;
    response.write(`{"type":"${type}","object":${text}}\n`);
    if (response.writableLength > unreadLimitBytes) response.destroy();
  };
  const bookmark = (annotations?: Readonly<Record<string, string>>): void => {
    const metadata = {
      resourceVersion: String(store.revision()),
      ...(annotations === undefined ? {} : { annotations }),
    };
    const object = { kind: kind.kind, apiVersion: groupVersionOf(kind), metadata };
    response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
  };
  const from = options.resourceVersion ?? 0;
  const follow = (change: Change): void => {
    if (change.revision <= from) return;
    const was = change.previous !== null && isWanted(change.previous.object);
    const is = change.type !== 'DELETED' && isWanted(change.entry.object);
    if (is) send(was ? 'MODIFIED' : 'ADDED', change.entry.object);
    else if (was) send('DELETED', lastSeen(change));
  };

  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  if (from === 0) {
    const { objects } = listObjects(state, kind, namespace, { ...options, limit: 0, resourceVersion: 0 });
    for (const object of objects) if (isWanted(object)) send('ADDED', object);
    if (options.areBookmarksAllowed) bookmark({ 'k8s.io/initial-events-end': 'true' });
  } else {
    const missed = store.changesAfter(kind.collection, from);
    if (missed === undefined) {
      const { body } = expired(`too old resource version: ${from} (${store.revision()})`);
      response.end(`${JSON.stringify({ type: 'ERROR', object: body })}\n`);
      return;
    }
    for (const change of missed) follow(change);
  }

  const unsubscribe = store.subscribe(kind.collection, follow);
  // A client that asks for a future revision receives nothing until that revision exists.
  const beat = setInterval(() => {
    if (options.areBookmarksAllowed && store.revision() >= from) bookmark();
  }, bookmarkIntervalMs);
  const end = setTimeout(() => response.end(), options.timeoutMs ?? defaultTimeoutMs);
  response.once('close', () => {
    unsubscribe();
    clearInterval(beat);
    clearTimeout(end);
  });
}

/**
 * Returns what the client knew last, with the revision of the change, so that it can resume from
 * there.
 */
function lastSeen(change: Change): KubeObject {
  const last = change.previous?.object ?? change.entry.object;
  const { resourceVersion } = change.entry.object.metadata;
  return { ...last, metadata: { ...last.metadata, resourceVersion } };
}
