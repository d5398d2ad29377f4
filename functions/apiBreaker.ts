/**
 * createApiBreaker: stops the functions from calling an API server that does not answer. Each call
 * would hold a reconcile until its deadline, and all of them would come back at once.
 *
 * Guarantees:
 * - Any answer closes it, a refusal too. So one namespace whose writes are refused, by a webhook or
 *   a quota, never opens it.
 * - It opens after as many calls in a row without an answer as `failuresToOpen`. Timeouts alone
 *   open it only where they are of two namespaces: one may just be too large to be read in time.
 * - While it is open a call is refused at once with KUBE_UNAVAILABLE. After `openMs` one call is
 *   let through, and its end decides.
 * Does not guarantee less than `openMs` from the API server's return to the next call.
 */

import { codeOf, ZenLeadError } from '../lib/errors.ts';
import type { KubeApi } from '../lib/kube/kubeApi.ts';

export interface ApiBreaker {
  readonly api: KubeApi;
  /** What readiness says; null while it is closed. */
  describe(): string | null;
}

interface BreakerOptions {
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
  /** What follows, for people: the end of "so ...". */
  readonly effect: string;
  /** Calls in a row without an answer. One burst of a bridge has 64 in flight. */
  readonly failuresToOpen?: number;
  /** Long enough to spare the API server, and short beside what a failover may take. */
  readonly openMs?: number;
}

type Outcome = 'answered' | 'timeout' | 'unreachable';

export function createApiBreaker(api: KubeApi, options: BreakerOptions): ApiBreaker {
  const { monotonic, effect, failuresToOpen = 20, openMs = 1_000 } = options;
  let inARow = 0;
  let isUnreachable = false;
  const namespaces = new Set<string>();
  let silentSince: number | null = null;
  let openedAt: number | null = null;
  let isProbing = false;

  function note(outcome: Outcome, namespace: string): void {
    if (outcome === 'answered') {
      inARow = 0;
      isUnreachable = false;
      namespaces.clear();
      silentSince = null;
      openedAt = null;
      return;
    }
    inARow += 1;
    silentSince ??= monotonic();
    isUnreachable ||= outcome === 'unreachable';
    // Two are enough to know.
    if (namespaces.size < 2) namespaces.add(namespace);
    if (inARow >= failuresToOpen && (isUnreachable || namespaces.size > 1)) openedAt = monotonic();
  }

  async function guard<T>(namespace: string, call: () => Promise<T>): Promise<T> {
    const isProbe = openedAt !== null;
    if (openedAt !== null) {
      const leftMs = openedAt + openMs - monotonic();
      if (leftMs > 0 || isProbing) throw refusal(Math.max(leftMs, 100));
      isProbing = true;
    }
    try {
      const result = await call();
      note('answered', namespace);
      return result;
    } catch (error) {
      const outcome = readOutcome(error);
      if (outcome !== null) note(outcome, namespace);
      throw error;
    } finally {
      if (isProbe) isProbing = false;
    }
  }

  function refusal(retryAfterMs: number): ZenLeadError {
    const message = `not sent: ${inARow} calls in a row had no answer from the API server`;
    return new ZenLeadError('KUBE_UNAVAILABLE', message, { retry: 'later', retryAfterMs: Math.ceil(retryAfterMs) });
  }

  return {
    api: {
      ...api,
      list: (resource, namespace = '', ...rest) =>
        guard(namespace, () => api.list(resource, namespace === '' ? undefined : namespace, ...rest)),
      get: (resource, namespace, ...rest) => guard(namespace ?? '', () => api.get(resource, namespace, ...rest)),
      create: (resource, namespace = '', ...rest) =>
        guard(namespace, () => api.create(resource, namespace === '' ? undefined : namespace, ...rest)),
      mergePatch: (resource, namespace, ...rest) =>
        guard(namespace ?? '', () => api.mergePatch(resource, namespace, ...rest)),
      delete: (resource, namespace, ...rest) => guard(namespace, () => api.delete(resource, namespace, ...rest)),
      evict: (namespace, ...rest) => guard(namespace, () => api.evict(namespace, ...rest)),
    },
    describe() {
      if (openedAt === null || silentSince === null) return null;
      const seconds = Math.round((monotonic() - silentSince) / 1_000);
      return `degraded: the API server has not answered for ${seconds} s, so ${effect}; it is asked once a second`;
    },
  };
}

/** Null where the caller gave up, which says nothing about the API server. */
function readOutcome(error: unknown): Outcome | null {
  const code = codeOf(error);
  if (code === 'ABORTED') return null;
  if (code === 'KUBE_TIMEOUT') return 'timeout';
  // An answer has no cause; a connection that was refused, reset or cut has one.
  if (code === 'KUBE_UNAVAILABLE' && error instanceof ZenLeadError && error.cause !== undefined) return 'unreachable';
  return 'answered';
}
