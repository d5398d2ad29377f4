/**
 * createEventPoster: POSTs CloudEvents to one URL, in structured mode.
 *
 * Guarantees: rejects with SINK_UNREACHABLE where nothing was sent, SINK_UNAVAILABLE where the
 * answer is missing, and the signal's own reason when it aborts. A 401 is tried once more where the
 * token file holds another token by now.
 * Source: https://knative.dev/docs/eventing/custom-event-source/sinkbinding/ (K_CE_OVERRIDES,
 * K_CA_CERTS).
 */

import { getCACertificates } from 'node:tls';
import { Agent } from 'undici';
import { ZenLeadError } from '../../lib/errors.ts';
import { toStructured } from '../../lib/events/toStructured.ts';
import { withExtensions } from '../../lib/events/withExtensions.ts';
import { createSinkToken } from './sinkToken.ts';

export interface EventPosterOptions {
  readonly url: string;
  /** PEM certificates to trust beside the system's (K_CA_CERTS). */
  readonly caCerts?: string | undefined;
  readonly tokenFile?: string | undefined;
  /** Set on every event (K_CE_OVERRIDES). */
  readonly extensions?: Readonly<Record<string, string>> | undefined;
  readonly now: () => number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Null where it is larger than `MAX_ANSWER_BYTES`. Status and headers count all the same. */
  readonly body: Uint8Array | null;
}

export type PostableEvent = Parameters<typeof toStructured>[0];

export interface EventPoster {
  readonly url: string;
  post(event: PostableEvent, signal: AbortSignal): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/**
 * Twice what a function sends (functions/app.ts). A larger body comes from elsewhere, and reading
 * it would cost more memory than it is worth.
 */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

export function createEventPoster({ url, caCerts, tokenFile, extensions, now }: EventPosterOptions): EventPoster {
  const { origin, pathname, search } = new URL(url);
  const ca = caCerts === undefined ? undefined : [...getCACertificates('default'), caCerts];
  const agent = new Agent(ca === undefined ? {} : { connect: { ca } });
  const token = tokenFile === undefined ? undefined : createSinkToken(tokenFile, now);

  async function postOnce(event: PostableEvent, bearer: string | undefined, signal: AbortSignal): Promise<HttpAnswer> {
    const message = toStructured(withExtensions(event, extensions));
    const { statusCode, headers, body } = await agent.request({
      origin,
      path: pathname + search,
      method: 'POST',
      headers: { ...message.headers, ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) },
      body: message.body,
      signal,
    });
    return { status: statusCode, headers, body: await readBody(body) };
  }

  return {
    url,
    close: () => agent.close(),
    async post(event, signal) {
      const bearer = await token?.read();
      try {
        const answer = await postOnce(event, bearer, signal);
        if (answer.status !== 401 || token === undefined) return answer;
        const renewed = await token.renew();
        return renewed === bearer ? answer : await postOnce(event, renewed, signal);
      } catch (error) {
        throw toSinkError(url, error, signal);
      }
    },
  };
}

async function readBody(body: AsyncIterable<Uint8Array>): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    // Leaving the loop destroys the stream, and the connection with it.
    if (bytes > MAX_ANSWER_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function toSinkError(url: string, cause: unknown, signal: AbortSignal): ZenLeadError {
  if (cause instanceof ZenLeadError) return cause;
  if (signal.aborted)
    return signal.reason instanceof ZenLeadError
      ? signal.reason
      : new ZenLeadError('ABORTED', `POST ${url}: stopped before an answer came`, { retry: 'later', cause });
  const problem = cause instanceof Error ? cause.message : String(cause);
  const code = isUnreachable(cause) ? 'SINK_UNREACHABLE' : 'SINK_UNAVAILABLE';
  return new ZenLeadError(code, `POST ${url}: ${problem}`, { retry: 'later', cause });
}

/** No connection came about. A reset (ECONNRESET) is not among them: the event may have arrived. */
const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function isUnreachable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isUnreachable);
  return error instanceof Error && 'code' in error && unreachable.has(String(error.code));
}
