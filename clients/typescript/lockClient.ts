/**
 * createLockClient: takes locks of the zen-lead api, from any program with `fetch`. It is one file
 * without dependencies: copy it, or import it.
 *
 * Guarantees: it counts validity on the monotonic clock, from before each request was sent. The
 * signal of a grant aborts before that time is over, and as soon as the grant is known to be lost.
 * A request whose answer is lost is sent again with the same id, which gets the same grant.
 * Does not guarantee that work stops in time: a paused process notices nothing. Hand `token` to the
 * resource with each write, and have it refuse a smaller one than it has seen.
 * Source: docs/reference/api.md#locks
 */

export interface LockClientOptions {
  /** Of the api: `http://zen-lead-api.zen-lead:8082`. */
  readonly url: string;
  /** Read for each request, because a projected token is replaced every hour. */
  readonly readToken?: () => string | undefined | Promise<string | undefined>;
  readonly fetch?: typeof fetch;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export interface LockOptions {
  readonly namespace: string;
  readonly name: string;
  /** Who asks, for people: a pod name for instance. */
  readonly holder: string;
  readonly ttlSeconds?: number;
  /** How long to wait for the grant. */
  readonly waitSeconds?: number;
  readonly lockDelaySeconds?: number;
  /** Ends the waiting, and aborts the signal of the grant. */
  readonly signal?: AbortSignal;
}

export interface HeldLock {
  /** Fencing token. */
  readonly token: number;
  /** Aborts before the grant ends, and when it is lost. */
  readonly signal: AbortSignal;
}

/** `code` is that of the answer: HELD, QUEUE_FULL, FORBIDDEN; LOST for a grant that has ended. */
export class LockError extends Error {
  override readonly name = 'LockError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface LockClient {
  /**
   * Waits for the lock, runs `work` while it is held, and gives it back. Rejects with LockError
   * HELD where the lock was not granted in time, and LOST where it was lost while `work` ran.
   */
  withLock<Result>(lock: LockOptions, work: (held: HeldLock) => Promise<Result>): Promise<Result>;
}

const DEFAULT_TTL_SECONDS = 30;
/** The work has this long to stop before the grant ends; a tenth of the shortest ttl twice over. */
const MARGIN_MS = 1_000;
/** Between attempts while the api gives no answer. */
const RETRY_MS = 250;
/** The api answers a renewal within milliseconds; a replica that hangs must not cost the lock. */
const RENEWAL_TIMEOUT_MS = 2_000;

interface Grant {
  readonly token: number;
  readonly grantId: string;
  readonly validForMs: number;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export function createLockClient({
  url,
  readToken = () => undefined,
  fetch: send = fetch,
  now = () => performance.now(),
}: LockClientOptions): LockClient {
  async function post(path: string, body: object, signal: AbortSignal): Promise<Answer> {
    const token = await readToken();
    const response = await send(`${url.replace(/\/$/, '')}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token.trim()}` }),
      },
      body: JSON.stringify(body),
      signal,
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
  }

  async function acquire(lock: LockOptions, signal: AbortSignal): Promise<Grant & { readonly validUntil: number }> {
    const { holder, ttlSeconds = DEFAULT_TTL_SECONDS, waitSeconds = 0, lockDelaySeconds = 0 } = lock;
    const requestId = crypto.randomUUID();
    const endsAt = now() + waitSeconds * 1_000;
    for (;;) {
      signal.throwIfAborted();
      const sentAt = now();
      const left = Math.max(0, Math.ceil((endsAt - sentAt) / 1_000));
      const wish = { requestId, holder, ttlSeconds, waitSeconds: Math.min(left, 600), lockDelaySeconds };
      const answer = await post(`${pathOf(lock)}/acquire`, wish, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        return error;
      });
      if (isAnswer(answer) && answer.status === 200) {
        const grant = toGrant(answer.body);
        return { ...grant, validUntil: sentAt + grant.validForMs };
      }
      const isAgain = !isAnswer(answer) || answer.status >= 500 || answer.status === 429 || answer.status === 409;
      if (!isAgain || now() >= endsAt) throw isAnswer(answer) ? toError(answer) : answer;
      await pause(Math.min(RETRY_MS, endsAt - now()), signal);
    }
  }

  /** Until the grant is lost, ends, or `stop` aborts. Returns what to say where it is over. */
  async function keep(
    lock: LockOptions,
    { grantId, token, validUntil }: Grant & { readonly validUntil: number },
    stop: AbortSignal,
  ): Promise<LockError | null> {
    const everyMs = ((lock.ttlSeconds ?? DEFAULT_TTL_SECONDS) * 1_000) / 3;
    let endsAt = validUntil;
    let waitMs = Math.min(everyMs, Math.max(0, validUntil - now() - MARGIN_MS) / 2);
    while (!stop.aborted) {
      await pause(Math.min(waitMs, endsAt - MARGIN_MS - now()), stop).catch(() => {});
      if (stop.aborted) break;
      if (now() >= endsAt - MARGIN_MS) return new LockError('LOST', `the time of ${lock.name} is over`);
      const sentAt = now();
      const leftMs = Math.max(1, Math.ceil(endsAt - MARGIN_MS - sentAt));
      const within = AbortSignal.timeout(Math.min(RENEWAL_TIMEOUT_MS, leftMs));
      const answer = await post(`${pathOf(lock)}/renew`, { grantId, token }, AbortSignal.any([stop, within])).catch(
        () => null,
      );
      if (answer?.status === 412) return toError(answer);
      if (answer?.status === 200) endsAt = Math.max(endsAt, sentAt + Number(answer.body['validForMs']));
      waitMs = answer?.status === 200 ? everyMs : RETRY_MS;
    }
    return null;
  }

  return {
    async withLock(lock, work) {
      const given = lock.signal ?? new AbortController().signal;
      const grant = await acquire(lock, given);
      const lost = new AbortController();
      const done = new AbortController();
      const keeping = keep(lock, grant, done.signal).then((error) => {
        if (error !== null) lost.abort(error);
        return error;
      });
      try {
        const result = await work({ token: grant.token, signal: AbortSignal.any([lost.signal, given]) });
        lost.signal.throwIfAborted();
        return result;
      } finally {
        done.abort();
        await keeping;
        const { grantId, token } = grant;
        // What cannot be given back expires.
        if (!lost.signal.aborted)
          await post(`${pathOf(lock)}/release`, { grantId, token }, AbortSignal.timeout(RENEWAL_TIMEOUT_MS)).catch(
            () => null,
          );
      }
    },
  };
}

function pathOf({ namespace, name }: LockOptions): string {
  return `/v1/namespaces/${encodeURIComponent(namespace)}/locks/${encodeURIComponent(name)}`;
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && 'status' in value && 'body' in value;
}

function toGrant({ token, grantId, validForMs }: Answer['body']): Grant {
  if (typeof token !== 'number' || typeof grantId !== 'string' || typeof validForMs !== 'number')
    throw new LockError('INVALID', 'the api gave a grant that cannot be read');
  return { token, grantId, validForMs };
}

function toError({ status, body }: Answer): LockError {
  return new LockError(String(body['code'] ?? `HTTP_${status}`), String(body['message'] ?? `HTTP ${status}`));
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      },
      Math.max(0, ms),
    );
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
