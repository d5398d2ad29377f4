/**
 * startFunctions: serves the functions over HTTP.
 *
 * Guarantees: it is ready once the token keys are loaded, where it needs them.
 * `close` takes no new connections, finishes what is in flight up to a bound, then closes.
 */

import { createApiBreaker } from './apiBreaker.ts';
import { createApp } from './app.ts';
import { type Authenticate, createAuthenticate, createIdentify, everythingIsAHint } from './authenticate.ts';
import { createFunctionReconciler, type FunctionDeps } from './functionDeps.ts';
import { type KeySource, startKeySource } from './keySource.ts';
import type { Reconciler } from './reconcile/reconciler.ts';
import { toReporter } from './verdicts/reporter.ts';
import { createVerdictIntake, type VerdictIntake } from './verdicts/verdictIntake.ts';

export interface FunctionsOptions extends FunctionDeps {
  /** 0: any free port. */
  readonly port: number;
  readonly host?: string;
  /** `system:serviceaccount:<namespace>:<name>`; undefined: every event is a hint. */
  readonly trustedSender?: string | undefined;
  readonly audience: string;
  readonly acceptHints: boolean;
  /** Callers that may report the verdicts of a Service are listened to. */
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
  const needsKeys = trustedSender !== undefined || options.acceptVerdicts === true;
  const keySource = needsKeys ? startKeySource(api, log, options.monotonicNow) : null;
  const breaker = createApiBreaker(api, { monotonic: options.monotonicNow ?? (() => performance.now()) });
  const reconciler = createFunctionReconciler({ ...options, api: breaker.api });
  const app = createApp({
    reconciler,
    verdicts: toVerdictIntake(options, reconciler, keySource, now),
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
        // Degraded functions stay Ready: no leader would move sooner without them.
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

function toVerdictIntake(
  { api, audience, acceptVerdicts, metrics, log, monotonicNow = () => performance.now() }: FunctionsOptions,
  reconciler: Reconciler,
  keySource: KeySource | null,
  now: () => number,
): VerdictIntake | undefined {
  if (acceptVerdicts !== true || keySource === null) return undefined;
  const verify = createIdentify({ audience, keySource, now });
  const identify = async (authorization: string | undefined) => toReporter(await verify(authorization));
  return createVerdictIntake({ api, reconciler, metrics, log, identify, now, monotonicNow });
}

function toAuthenticate(
  { trustedSender, audience, acceptHints, acceptVerdicts = false, monotonicNow }: FunctionsOptions,
  keySource: KeySource | null,
  now: () => number,
): Authenticate {
  if (trustedSender === undefined || keySource === null) return everythingIsAHint;
  const accepted = { acceptHints, acceptVerdicts };
  return createAuthenticate({ trustedSender, audience, ...accepted, keySource, now, monotonicNow });
}
