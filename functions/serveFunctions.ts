/**
 * serveFunctions: serves one family of functions over HTTP.
 *
 * Guarantees: it is ready once the token keys are loaded, where it needs them.
 * `close` takes no new connections, finishes what is in flight up to a bound, then closes.
 */

import type { KubeApi } from '../lib/kube/kubeApi.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { createApiBreaker } from './apiBreaker.ts';
import { createApp } from './app.ts';
import { type Authenticate, createAuthenticate, everythingIsAHint } from './authenticate.ts';
import type { EventHandler } from './eventHandler.ts';
import { type KeySource, startKeySource } from './keySource.ts';

export interface ServeOptions {
  readonly api: KubeApi;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** 0: any free port. */
  readonly port: number;
  readonly host?: string;
  /** `system:serviceaccount:<namespace>:<name>`; undefined: every event is a hint. */
  readonly trustedSender?: string | undefined;
  readonly audience: string;
  readonly acceptHints: boolean;
  /** A good token of another sender is a reporter. */
  readonly acceptVerdicts?: boolean | undefined;
  /**
   * Milliseconds that `close` waits for requests in flight; 5 s, half of what Kubernetes leaves
   * after its own delays.
   */
  readonly drainTimeoutMs?: number;
  /** See `AppDeps`. */
  readonly receiveTimeoutMs?: number;
  readonly bodyLimitBytes?: number | undefined;
  readonly maxConnections?: number | undefined;
  /** Epoch milliseconds. */
  readonly now?: (() => number) | undefined;
  /** Milliseconds from any start, never set back; of this process unless given. */
  readonly monotonicNow?: () => number;
}

export interface Functions {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** What the server gives to the functions that it serves. */
export interface Served {
  /** Stops calling an API server that does not answer. */
  readonly api: KubeApi;
  /** Null where no token is verified. */
  readonly keySource: KeySource | null;
}

interface Family {
  /** What an API server that does not answer leads to, for people: the end of "so ...". */
  readonly effectOfSilence: string;
  createHandler(served: Served): EventHandler;
}

export async function serveFunctions(
  options: ServeOptions,
  { effectOfSilence: effect, createHandler }: Family,
): Promise<Functions> {
  const { api, host = '0.0.0.0', log, now = Date.now, trustedSender, drainTimeoutMs = 5_000 } = options;
  const needsKeys = trustedSender !== undefined || options.acceptVerdicts === true;
  const keySource = needsKeys ? startKeySource(api, log, options.monotonicNow) : null;
  const breaker = createApiBreaker(api, { monotonic: options.monotonicNow ?? (() => performance.now()), effect });
  const app = createApp({
    handler: createHandler({ api: breaker.api, keySource }),
    authenticate: toAuthenticate(options, keySource, now),
    metrics: options.metrics,
    log,
    bodyLimitBytes: options.bodyLimitBytes,
    maxConnections: options.maxConnections,
    ...(options.receiveTimeoutMs !== undefined && { receiveTimeoutMs: options.receiveTimeoutMs }),
    isReady() {
      const lacksKeys = keySource !== null && keySource.current() === null;
      const degraded = breaker.describe();
      return {
        // Degraded functions stay Ready: nothing would be decided sooner without them.
        ready: !lacksKeys,
        reasons: [
          ...(lacksKeys ? ['the keys that tokens are checked with are not loaded yet'] : []),
          ...(degraded === null ? [] : [degraded]),
        ],
      };
    },
  });
  let isClosing = false;
  // A connection that is kept alive after its last answer would hold `close` up to the bound.
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close');
  });
  const url = await app.listen({ port: options.port, host });
  return {
    port: Number(new URL(url).port),
    url,
    async close() {
      isClosing = true;
      keySource?.close();
      const cut = setTimeout(() => app.server.closeAllConnections(), drainTimeoutMs);
      await app.close();
      clearTimeout(cut);
    },
  };
}

function toAuthenticate(
  { trustedSender, audience, acceptHints, acceptVerdicts = false, monotonicNow }: ServeOptions,
  keySource: KeySource | null,
  now: () => number,
): Authenticate {
  if (trustedSender === undefined || keySource === null) return everythingIsAHint;
  const accepted = { acceptHints, acceptVerdicts };
  return createAuthenticate({ trustedSender, audience, ...accepted, keySource, now, monotonicNow });
}
