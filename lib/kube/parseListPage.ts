/**
 * Parses one page of a LIST into its items, untouched, and where the next page starts.
 */

import { ZenLeadError } from '../errors.ts';
import { takeFields, takeList, takeOptionalNumber, takeOptionalString, takeString } from './fields.ts';
import type { ListPage } from './kubeApi.ts';
import type { Attempt } from './kubeError.ts';

/**
 * A 200 without a list comes from something in front of the API server. It is `KUBE_UNAVAILABLE`,
 * and worth another try.
 */
export function parseListPage(input: unknown, attempt: Attempt): ListPage {
  try {
    const list = takeFields(input, 'list');
    const metadata = takeFields(list['metadata'], 'metadata');
    const next = takeOptionalString(metadata, 'continue', 'metadata');
    const remaining = takeOptionalNumber(metadata, 'remainingItemCount', 'metadata');
    return {
      resourceVersion: takeString(metadata, 'resourceVersion', 'metadata'),
      ...(next ? { continue: next } : {}),
      ...(remaining === undefined ? {} : { remaining }),
      items: takeList(list, 'items', 'list'),
    };
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new ZenLeadError('KUBE_UNAVAILABLE', `${attempt}: the answer is not a list (${problem})`, {
      retry: 'later',
      cause,
    });
  }
}
