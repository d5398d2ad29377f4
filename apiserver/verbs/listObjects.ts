/**
 * Lists objects: consistent, at an earlier revision, or page by page at the revision of the first
 * page.
 *
 * Source:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions-in-metadata and
 * #retrieving-large-results-sets-in-chunks
 */

import type { ApiState } from '../apiState.ts';
import { parseFieldSelector } from '../fieldSelector.ts';
import { numberAt, textAt } from '../json.ts';
import type { Kind } from '../kind.ts';
import type { KubeObject } from '../kubeObject.ts';
import { type ObjectPredicate, parseLabelSelector } from '../labelSelector.ts';
import type { Entry } from '../revisionStore.ts';
import { badRequest, expired, tooLarge } from '../statusError.ts';

export interface ListOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** 0 means no limit. */
  readonly limit: number;
  readonly continue?: string;
  /** Undefined means the newest. */
  readonly resourceVersion?: number;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

export interface ListPage {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
  /** In the stored form. */
  readonly objects: readonly KubeObject[];
}

export function listObjects(
  state: ApiState,
  kind: Kind,
  namespace: string | undefined,
  options: ListOptions,
): ListPage {
  const isWanted = selectorOf(kind, options);
  const prefix = kind.isNamespaced && namespace !== undefined ? `${namespace}/` : '';
  const start = startOf(state, options);
  const entries = entriesAt(state, kind, start, prefix);
  // A LIST at version 0 comes from the real server's cache, which has no pages.
  const limit = options.resourceVersion === 0 ? 0 : options.limit;
  const objects: KubeObject[] = [];
  let at = firstFrom(entries, `${prefix}${start.key}`);
  for (; at < entries.length; at += 1) {
    const entry = entries[at];
    if (entry === undefined || !entry.key.startsWith(prefix)) break;
    if (isWanted !== null && !isWanted(entry.object)) continue;
    if (limit > 0 && objects.length === limit) {
      return page(start.revision, objects, {
        prefix,
        after: lastKey(kind, objects),
        remaining: isWanted === null ? countFrom(entries, at, prefix) : undefined,
      });
    }
    objects.push(entry.object);
  }
  return { resourceVersion: String(start.revision), objects };
}

/** Null when everything matches. */
export function selectorOf(
  kind: Kind,
  options: { readonly labelSelector?: string; readonly fieldSelector?: string },
): ObjectPredicate | null {
  const byLabel = parseLabelSelector(options.labelSelector ?? '');
  const byField = parseFieldSelector(kind, options.fieldSelector ?? '');
  if (byLabel === null || byField === null) return byLabel ?? byField;
  return (object) => byLabel(object) && byField(object);
}

interface Start {
  readonly revision: number;
  /** Relative to the namespace; "" is the beginning. */
  readonly key: string;
  readonly isContinued: boolean;
}

function startOf(state: ApiState, options: ListOptions): Start {
  const current = state.store.revision();
  const { resourceVersion, resourceVersionMatch } = options;
  if (options.continue !== undefined) {
    if (resourceVersion !== undefined && resourceVersion !== 0) {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    const token = parseToken(options.continue);
    return { revision: token.revision < 0 ? current : token.revision, key: token.key, isContinued: true };
  }
  if (resourceVersion !== undefined && resourceVersion > current) throw tooLarge(resourceVersion, current);
  const isExact =
    resourceVersionMatch === 'Exact' || (resourceVersionMatch === undefined && options.limit > 0 && resourceVersion);
  return { revision: isExact && resourceVersion ? resourceVersion : current, key: '', isContinued: false };
}

function entriesAt(state: ApiState, kind: Kind, start: Start, prefix: string): readonly Entry[] {
  const entries = state.store.listAt(kind.collection, start.revision);
  if (entries !== undefined) return entries;
  if (!start.isContinued) throw expired('The resourceVersion for the provided list is too old.');
  throw expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    formatToken(-1, prefix, `${prefix}${start.key}`),
  );
}

function page(
  revision: number,
  objects: readonly KubeObject[],
  next: { readonly prefix: string; readonly after: string; readonly remaining: number | undefined },
): ListPage {
  return {
    resourceVersion: String(revision),
    continue: formatToken(revision, next.prefix, `${next.after}\0`),
    ...(next.remaining === undefined ? {} : { remainingItemCount: next.remaining }),
    objects,
  };
}

function lastKey(kind: Kind, objects: readonly KubeObject[]): string {
  const metadata = objects.at(-1)?.metadata;
  const name = metadata?.name ?? '';
  return kind.isNamespaced ? `${metadata?.namespace ?? ''}/${name}` : name;
}

/**
 * Formats a token as the real server does; clients treat it as opaque. A revision of -1 means the
 * newest.
 */
function formatToken(revision: number, prefix: string, key: string): string {
  const start = prefix === '' ? key : `/${key.slice(prefix.length)}`;
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url');
}

function parseToken(token: string): { readonly revision: number; readonly key: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    throw badRequest(
      'invalid continue token: continue key is not valid: invalid character looking for beginning of value',
    );
  }
  const start = textAt(parsed, 'start');
  const revision = numberAt(parsed, 'rv');
  if (start === undefined || revision === undefined || textAt(parsed, 'v') !== 'meta.k8s.io/v1') {
    throw badRequest('invalid continue token: continue key is not valid: incorrect encoded start key or version');
  }
  return { revision, key: start.startsWith('/') ? start.slice(1) : start };
}

/** Returns the first entry that is not before the key. Entries are sorted by key. */
function firstFrom(entries: readonly Entry[], key: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.key ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countFrom(entries: readonly Entry[], at: number, prefix: string): number {
  // U+FFFF sorts behind every name, so this is the end of the namespace.
  return (prefix === '' ? entries.length : firstFrom(entries, `${prefix}\uffff`)) - at;
}
