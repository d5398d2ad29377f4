/**
 * Loads the keys that service-account tokens are signed with from the API server.
 *
 * It loads them at the start (not ready until then), every 10 minutes, and when a token names an
 * unknown key. For an unknown key it does so at most once in 10 seconds, because a stranger's
 * tokens must not become load on the API server.
 *
 * Guarantees: keys once loaded stay in use while the API server cannot be reached.
 * Source:
 * https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery
 */

import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { inputError } from '../lib/errors.ts';
import type { KubeApi } from '../lib/kube/kubeApi.ts';
import type { Logger } from '../lib/telemetry/logger.ts';

export interface Keys {
  readonly issuer: string;
  readonly find: JWTVerifyGetKey;
}

export interface KeySource {
  /** Null until they have been loaded. */
  current(): Keys | null;
  /**
   * For a key that is not known: the keys read afresh, or those that are known when it is too soon.
   */
  refresh(): Promise<Keys | null>;
  close(): void;
}

/** Keys that were withdrawn stop counting after this. */
const REFRESH_MS = 600_000;
const MIN_REFRESH_MS = 10_000;
/** Until the first keys are there, nothing works. */
const FIRST_RETRY_MS = 1_000;
const TIMEOUT_MS = 5_000;

const discovery = z.object({ issuer: z.string().min(1) });
const jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/**
 * `monotonicNow` counts milliseconds from any start: a clock that is set back must not delay a
 * refresh.
 */
export function startKeySource(
  api: KubeApi,
  log: Logger,
  monotonicNow: () => number = () => performance.now(),
): KeySource {
  const stop = new AbortController();
  let keys: Keys | null = null;
  let inFlight: Promise<void> | null = null;
  let triedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  function load(): Promise<void> {
    inFlight ??= loadOnce().finally(() => {
      inFlight = null;
    });
    return inFlight;
  }

  async function loadOnce(): Promise<void> {
    triedAt = monotonicNow();
    try {
      keys = await readKeys(api, AbortSignal.any([stop.signal, AbortSignal.timeout(TIMEOUT_MS)]));
    } catch (error) {
      if (!stop.signal.aborted) log.warn({ err: error }, 'token keys could not be read from the API server');
    }
  }

  async function loadAndWait(): Promise<void> {
    await load();
    if (stop.signal.aborted) return;
    timer = setTimeout(() => void loadAndWait(), keys === null ? FIRST_RETRY_MS : REFRESH_MS);
    timer.unref();
  }

  void loadAndWait();
  return {
    current: () => keys,
    async refresh() {
      if (inFlight !== null || monotonicNow() - triedAt >= MIN_REFRESH_MS) await load();
      return keys;
    },
    close() {
      stop.abort();
      clearTimeout(timer);
    },
  };
}

async function readKeys(api: KubeApi, signal: AbortSignal): Promise<Keys> {
  const [configuration, keySet] = await Promise.all([
    api.getPath('/.well-known/openid-configuration', signal),
    api.getPath('/openid/v1/jwks', signal),
  ]);
  const { issuer } = parseWith(discovery, configuration, '/.well-known/openid-configuration');
  return { issuer, find: createLocalJWKSet(parseWith(jwks, keySet, '/openid/v1/jwks')) };
}

function parseWith<T>(schema: z.ZodType<T>, input: unknown, path: string): T {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw inputError(path, 'is not what an API server answers', parsed.error);
  return parsed.data;
}
