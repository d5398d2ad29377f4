/**
 * Parses query parameters, and the body of a DELETE, as options. It refuses in the API server's
 * words.
 */

import { type FieldError, forbidden, notSupported } from '../fieldError.ts';
import { numberAt, textAt, textsAt } from '../json.ts';
import { badRequest, internal, invalid } from '../statusError.ts';
import type { FieldValidation } from '../verbs/decodeBody.ts';
import type { DeleteOptions } from '../verbs/deleteObject.ts';
import type { ListOptions } from '../verbs/listObjects.ts';

export interface WatchOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Undefined or 0 starts with the current state. */
  readonly resourceVersion?: number;
  readonly timeoutMs?: number;
  readonly areBookmarksAllowed: boolean;
  readonly areInitialEventsSent: boolean;
}

interface WriteQuery {
  readonly isDryRun: boolean;
  readonly fieldValidation: FieldValidation;
}

export function isWatch(query: URLSearchParams): boolean {
  const value = query.get('watch');
  return value === 'true' || value === '1' || value === '';
}

export function parseListOptions(query: URLSearchParams): ListOptions {
  const match = query.get('resourceVersionMatch') ?? '';
  const version = query.get('resourceVersion') ?? '';
  const errors: FieldError[] = [];
  const at = 'resourceVersionMatch';
  if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan') {
    errors.push(notSupported(at, match, ['Exact', 'NotOlderThan', '']));
  } else if (match !== '' && version === '') {
    errors.push(forbidden(at, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
  } else if (match === 'Exact' && version === '0') {
    errors.push(forbidden(at, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
  const token = query.get('continue') ?? '';
  return {
    ...selectors(query),
    limit: Math.max(0, integer(query, 'limit') ?? 0),
    ...(token === '' ? {} : { continue: token }),
    ...(version === '' ? {} : { resourceVersion: revision(version, 'invalid resource version: ') }),
    ...(match === 'Exact' || match === 'NotOlderThan' ? { resourceVersionMatch: match } : {}),
  };
}

export function parseWatchOptions(query: URLSearchParams): WatchOptions {
  const match = query.get('resourceVersionMatch') ?? '';
  const isInitial = query.get('sendInitialEvents') === 'true';
  const errors: FieldError[] = [];
  if (isInitial && match !== 'NotOlderThan') {
    const detail = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    errors.push(forbidden('resourceVersionMatch', detail));
  }
  if (match !== '' && !query.has('sendInitialEvents')) {
    const detail = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
    errors.push(forbidden('resourceVersionMatch', detail));
    if (match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']));
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
  const version = query.get('resourceVersion') ?? '';
  if (version !== '' && !/^\d+$/.test(version)) throw internal(notAVersion(version));
  const timeoutSeconds = integer(query, 'timeoutSeconds') ?? 0;
  return {
    ...selectors(query),
    ...(version === '' ? {} : { resourceVersion: Number(version) }),
    ...(timeoutSeconds > 0 ? { timeoutMs: timeoutSeconds * 1000 } : {}),
    areBookmarksAllowed: query.get('allowWatchBookmarks') === 'true' || query.get('allowWatchBookmarks') === '1',
    areInitialEventsSent: isInitial,
  };
}

/** `subject` is `CreateOptions`, `UpdateOptions` or `PatchOptions`. */
export function parseWriteQuery(query: URLSearchParams, subject: string): WriteQuery {
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  const errors: FieldError[] = [];
  if (dryRun.some((value) => value !== 'All')) errors.push(notSupported('dryRun', dryRun, ['All']));
  const validation = query.get('fieldValidation') ?? '';
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(validation)) {
    errors.push(notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']));
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: subject }, '', errors);
  return {
    isDryRun: dryRun.length > 0,
    fieldValidation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
  };
}

/** The body counts before the query, as in the real server. */
export function parseDeleteOptions(query: URLSearchParams, body: unknown): DeleteOptions {
  const { isDryRun } = parseWriteQuery(query, 'DeleteOptions');
  const policy = textAt(body, 'propagationPolicy') ?? query.get('propagationPolicy') ?? '';
  const grace = numberAt(body, 'gracePeriodSeconds') ?? integer(query, 'gracePeriodSeconds');
  const uid = textAt(body, 'preconditions', 'uid');
  const resourceVersion = textAt(body, 'preconditions', 'resourceVersion');
  return {
    isDryRun: isDryRun || textsAt(body, 'dryRun').includes('All'),
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...propagation(policy),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

function propagation(policy: string): Pick<DeleteOptions, 'propagationPolicy'> {
  switch (policy) {
    case '':
      return {};
    case 'Foreground':
    case 'Background':
    case 'Orphan':
      return { propagationPolicy: policy };
    default: {
      const error = notSupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']);
      throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [error]);
    }
  }
}

function selectors(query: URLSearchParams): { readonly labelSelector?: string; readonly fieldSelector?: string } {
  const labelSelector = query.get('labelSelector') ?? '';
  const fieldSelector = query.get('fieldSelector') ?? '';
  return {
    ...(labelSelector === '' ? {} : { labelSelector }),
    ...(fieldSelector === '' ? {} : { fieldSelector }),
  };
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? '';
  if (text === '') return undefined;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** Exported for GET, which takes a resourceVersion too. */
export function revision(text: string, prefix: string): number {
  if (!/^\d+$/.test(text)) throw badRequest(`${prefix}${notAVersion(text)}`);
  return Number(text);
}

function notAVersion(text: string): string {
  const shown = JSON.stringify(text);
  return `resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: invalid syntax`;
}
