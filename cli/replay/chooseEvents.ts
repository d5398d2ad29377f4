/**
 * Chooses the reconciles of a recording that `replay` was asked for: of one Service, in a span of
 * time.
 */

import type { RecordedReconcile } from '../../lib/recording/recordedLine.ts';
import { serviceKey } from '../../lib/selection/snapshot.ts';
import { parseInstant } from '../operands/parseInstant.ts';
import { parseServiceKey } from '../operands/parseServiceKey.ts';

export interface Wanted {
  readonly services: readonly string[];
  readonly from: string | undefined;
  readonly until: string | undefined;
}

/** Rejects with CONFIG_INVALID what cannot be read. */
export function chooseEvents({ services, from, until }: Wanted): (reconcile: RecordedReconcile) => boolean {
  const keys = new Set(services.map((text) => keyOf(parseServiceKey(text))));
  const fromAt = parseInstant('--from', from) ?? Number.NEGATIVE_INFINITY;
  const untilAt = parseInstant('--until', until) ?? Number.POSITIVE_INFINITY;
  return ({ at, service }) => at >= fromAt && at < untilAt && (keys.size === 0 || keys.has(keyOf(service)));
}

function keyOf({ namespace, name }: RecordedReconcile['service']): string {
  return serviceKey(namespace, name);
}
