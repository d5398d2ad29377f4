/**
 * POSTs a recorded event to a function (`replay --url`), one under a debugger for instance.
 *
 * To this machine the event goes with a new deadline, long enough for a breakpoint; past its
 * deadline a snapshot is a hint. To any other machine it goes as old as it is, because a recording
 * must not pass for news in a cluster (docs/reference/events.md#hints, docs/trust.md).
 *
 * Guarantees: it never rejects. A request that fails is an answer, too.
 */

import { readFile } from 'node:fs/promises';
import { request } from 'undici';
import { parseEnvelope } from '../../lib/events/envelope.ts';
import { parseReply } from '../../lib/events/parseReply.ts';
import { formatRfc3339 } from '../../lib/events/rfc3339.ts';
import { structuredContentType } from '../../lib/events/toStructured.ts';
import type { RecordedReconcile } from '../../lib/recording/recordedLine.ts';
import { renderOutcome } from './renderReconcile.ts';

export interface SendOptions {
  readonly url: string;
  readonly tokenFile: string | undefined;
  readonly signal: AbortSignal;
}

interface SentAnswer {
  readonly isAnswered: boolean;
  /** For the timeline. */
  readonly text: string;
}

/** A person may have stopped the function at a breakpoint. */
const ANSWER_WITHIN_MS = 3_600_000;

export async function sendAgain({ event }: RecordedReconcile, options: SendOptions): Promise<SentAnswer> {
  if (event === null) return { isAnswered: true, text: 'not sent: the recording has no event here' };
  try {
    const { statusCode, headers, body } = await request(options.url, {
      method: 'POST',
      headers: { 'content-type': structuredContentType, ...(await readAuthorization(options.tokenFile)) },
      body: JSON.stringify(isLoopback(options.url) ? withNewDeadline(event, Date.now()) : event),
      headersTimeout: ANSWER_WITHIN_MS,
      bodyTimeout: ANSWER_WITHIN_MS,
      signal: options.signal,
    });
    const bytes = new Uint8Array(await body.arrayBuffer());
    return { isAnswered: statusCode < 500, text: `answered ${statusCode}${describeBody(headers, bytes)}` };
  } catch (error) {
    return { isAnswered: false, text: `no answer from ${options.url}: ${describeError(error)}` };
  }
}

async function readAuthorization(tokenFile: string | undefined): Promise<Readonly<Record<string, string>>> {
  if (tokenFile === undefined) return {};
  return { authorization: `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}` };
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

function withNewDeadline(event: Readonly<Record<string, unknown>>, now: number): object {
  const deadline = now + ANSWER_WITHIN_MS;
  const data = typeof event['data'] === 'object' ? { ...event['data'], deadline } : event['data'];
  return { ...event, expirytime: formatRfc3339(deadline), data };
}

function describeBody(headers: Readonly<Record<string, string | string[] | undefined>>, bytes: Uint8Array): string {
  if (bytes.length === 0) return '';
  try {
    return `: ${renderOutcome(parseReply(parseEnvelope(headers, bytes)).data)}`;
  } catch {
    // An error's body, or that of another program, is the best that can be shown.
    return `: ${Buffer.from(bytes).toString('utf8').slice(0, 200)}`;
  }
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A refused connection to a name with two addresses is an AggregateError without a message of its
  // own.
  return error.message || ('code' in error ? String(error.code) : error.name);
}
