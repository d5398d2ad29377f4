/**
 * Bounds the series that carry the name of a Service or a namespace, and drops them with it.
 *
 * Guarantees: at most `limit` Services have counters of their own. What the others count goes to
 * one series whose labels `namespace` and `service` are empty, so that sums stay right. Of one
 * Service, the elections that counted last have series, twice as many as there can be at once.
 * Does not guarantee that each replica drops the series of a Service that went. Only the replica
 * that reconciles its end does so at once; elsewhere the series stay within the limit.
 */

import type { Counter } from 'prom-client';

export interface ServiceName {
  readonly namespace: string;
  readonly service: string;
}

type Labels = Partial<Record<string, string | number>>;

export interface ServiceSeries {
  /** How many Services have series of their own. */
  readonly limit: number;
  /** Makes `inc` of the counter respect the limit. */
  bound<L extends string>(counter: Counter<L>): Counter<L>;
  /** Whether the Service has series already. */
  has(name: ServiceName): boolean;
  /** Removes every series of the Service. */
  drop(name: ServiceName): void;
}

/** The labels of what is not counted under a name. Prometheus takes an empty label for none. */
export const unnamed: ServiceName = { namespace: '', service: '' };

/**
 * After an hour without a count, the series of a Service make room for another one's. Each Service
 * is reconciled every 30 s by default, so one that is silent that long has gone or has moved to
 * another replica.
 */
const IDLE_MS = 3_600_000;

/** Users rename elections at will, and each name is a label. */
const MAX_ELECTION_NAMES = 16;

interface Series {
  readonly election: string;
  readonly remove: () => void;
}

interface Held {
  usedAt: number;
  /** By metric and labels. */
  readonly series: Map<string, Series>;
  /** Those that have series, the longest unused first. */
  readonly elections: Set<string>;
}

/** `limit` 0 gives no Service series of its own. `now`: monotonic milliseconds. */
export function createServiceSeries(limit: number, now: () => number = () => performance.now()): ServiceSeries {
  /** The longest unused first. */
  const held = new Map<string, Held>();

  function hold(key: string): Held | null {
    const found = held.get(key);
    if (found === undefined && !hasRoom()) return null;
    const entry = found ?? { usedAt: 0, series: new Map(), elections: new Set() };
    entry.usedAt = now();
    held.delete(key);
    held.set(key, entry);
    return entry;
  }

  function hasRoom(): boolean {
    if (held.size < limit) return true;
    const [oldest] = held;
    if (oldest === undefined || now() - oldest[1].usedAt < IDLE_MS) return false;
    dropKey(oldest[0]);
    return true;
  }

  function dropKey(key: string): void {
    for (const { remove } of held.get(key)?.series.values() ?? []) remove();
    held.delete(key);
  }

  function holdElection({ series, elections }: Held, election: string): void {
    elections.delete(election);
    elections.add(election);
    const [oldest] = elections;
    if (elections.size <= MAX_ELECTION_NAMES || oldest === undefined) return;
    elections.delete(oldest);
    for (const [id, each] of series) {
      if (each.election !== oldest) continue;
      each.remove();
      series.delete(id);
    }
  }

  return {
    limit,
    has: (name) => held.has(keyOf(name)),
    drop: (name) => dropKey(keyOf(name)),
    bound(counter) {
      const count = counter.inc.bind(counter) as (labels: Labels, value?: number) => void;
      const metric = nameOf(counter);
      const inc = (labels: Labels, value?: number): void => {
        const { namespace = '', service = '' } = labels;
        const entry = namespace === '' ? null : hold(keyOf({ namespace: String(namespace), service: String(service) }));
        count(entry === null ? withoutName(labels) : labels, value);
        if (entry === null) return;
        const election = String(labels['election'] ?? '');
        if (election !== '') holdElection(entry, election);
        const id = `${metric}\n${Object.values(labels).join('\n')}`;
        if (!entry.series.has(id)) entry.series.set(id, { election, remove: () => counter.remove(labels as never) });
      };
      return Object.assign(counter, { inc });
    },
  };
}

function withoutName(labels: Labels): Labels {
  return { ...labels, ...('service' in labels ? unnamed : { namespace: '' }) };
}

/** prom-client keeps the name on the object; its types do not say so. */
function nameOf(counter: Counter): string {
  return (counter as unknown as { readonly name: string }).name;
}

function keyOf({ namespace, service }: ServiceName): string {
  return `${namespace}/${service}`;
}
