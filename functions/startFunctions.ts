/**
 * startFunctions: serves the functions over HTTP.
 *
 * Guarantees: it is ready once the token keys are loaded, where a trusted sender is configured.
 * `close` takes no new connections, finishes what is in flight up to a bound, then closes.
 */

import { createApp } from './app.ts';
import { type Authenticate, createAuthenticate, everythingIsAHint } from './authenticate.ts';
import { createFunctionReconciler, type FunctionDeps } from './functionDeps.ts';
import { type KeySource, startKeySource } from './keySource.ts';

export interface FunctionsOptions extends FunctionDeps {
  /** 0: any free port. */
  readonly port: number;
  readonly host?: string;
  /** `system:serviceaccount:<namespace>:<name>`; undefined: every event is a hint. */
  readonly trustedSender?: string | undefined;
  readonly audience: string;
  readonly acceptHints: boolean;
  /**
   * Milliseconds that `close` waits for requests in flight; 5 s, half of what Kubernetes leaves
   * after its own delays.
   */
  readonly drainTimeoutMs?: number;
  /** See `AppDeps`. */
  readonly receiveTimeoutMs?: number;
  readonly bodyLimitBytes?: number | undefined;
  readonly maxConnections?: number | undefined;
  /** Milliseconds from any start, never set back; of this process unless given. */
  readonly monotonicNow?: () => number;
}

export interface Functions {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export async function startFunctions(options: FunctionsOptions): Promise<Functions> {
  const { api, host = '0.0.0.0', log, now = Date.now, trustedSender, drainTimeoutMs = 5_000 } = options;
  const keySource = trustedSender === undefined ? null : startKeySource(api, log, options.monotonicNow);
  const app = createApp({
    reconciler: createFunctionReconciler(options),
    authenticate: toAuthenticate(options, keySource, now),
    metrics: options.metrics,
    log,
    bodyLimitBytes: options.bodyLimitBytes,
    maxConnections: options.maxConnections,
    ...(options.receiveTimeoutMs !== undefined && { receiveTimeoutMs: options.receiveTimeoutMs }),
    isReady() {
      const lacksKeys = keySource !== null && keySource.current() === null;
      return {
        ready: !lacksKeys,
        reasons: lacksKeys ? ['the keys that tokens are checked with are not loaded yet'] : [],
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
  { trustedSender, audience, acceptHints, monotonicNow }: FunctionsOptions,
  keySource: KeySource | null,
  now: () => number,
): Authenticate {
  if (trustedSender === undefined || keySource === null) return everythingIsAHint;
  return createAuthenticate({ trustedSender, audience, acceptHints, keySource, now, monotonicNow });
}
