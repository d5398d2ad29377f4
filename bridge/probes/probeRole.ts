/**
 * probeRole: asks a pod whether it is the primary of its application.
 *
 * Guarantees: reads at most 1 KiB of the answer, in time linear in it. An answer is `primary` or
 * `other`. What is no answer to the question fails the probe.
 * Does not guarantee that the primary is the only one, or that it still is when the answer arrives.
 * Source: https://redis.io/docs/latest/commands/role/,
 * https://redis.io/docs/latest/develop/reference/protocol-spec/,
 * https://patroni.readthedocs.io/en/latest/rest_api.html (GET /primary)
 */

import { exchange } from './exchange.ts';
import { type Endpoint, failed, isOther, isPrimary, type ProbeResult } from './probe.ts';
import { probeHttp } from './probeHttp.ts';

export function probeRole(endpoint: Endpoint, signal: AbortSignal): Promise<ProbeResult> {
  const { address, check } = endpoint;
  switch (check.scheme) {
    case 'redis':
      return exchange(address, check.port, { send: askRedis, judge: judgeRedisRole }, signal);
    case 'tcp': {
      const expected = Buffer.from(check.role?.expect ?? '', 'latin1');
      const conversation = {
        send: Buffer.from(check.role?.send ?? '', 'latin1'),
        judge: (received: Buffer, isEnd: boolean) => judgeLiteral(received, isEnd, expected),
        // A server that keeps the connection open gives no sign that its answer is over.
        isJudgedAtDeadline: true,
      };
      return exchange(address, check.port, conversation, signal);
    }
    default:
      // Patroni answers 200 on the primary and 503 elsewhere. Others say 404 or 429 there.
      return probeHttp(endpoint, signal, (status) => (status === 200 ? isPrimary : isOther));
  }
}

const askRedis = Buffer.from('*1\r\n$4\r\nROLE\r\n');

/** An array whose first element is a bulk string: `master`, `slave` or `sentinel`. */
const ROLE_REPLY = /^\*\d{1,3}\r\n\$\d{1,3}\r\n([a-z]{1,32})\r\n/;
/** Longer than any role with what stands before it. */
const MAX_ROLE_BYTES = 64;

/** Null where more of the answer is needed. */
export function judgeRedisRole(received: Buffer, isEnd: boolean): ProbeResult | null {
  const text = received.subarray(0, MAX_ROLE_BYTES).toString('latin1');
  if (text.startsWith('-')) return judgeRedisError(text, isEnd);
  const match = ROLE_REPLY.exec(text);
  if (match !== null) return match[1] === 'master' ? isPrimary : isOther;
  if (text === '') return isEnd ? failed('reset') : null;
  return isEnd || !text.startsWith('*') || text.length >= MAX_ROLE_BYTES ? failed('garbage') : null;
}

/** NOPERM: an ACL forbids ROLE. DENIED: protected mode. */
const REFUSED = /^-(?:NOAUTH|NOPERM|DENIED|WRONGPASS)\b/;

function judgeRedisError(text: string, isEnd: boolean): ProbeResult | null {
  if (REFUSED.test(text)) return failed('auth');
  return isEnd || text.includes('\n') || text.length >= MAX_ROLE_BYTES ? failed('garbage') : null;
}

/** Null where what is expected may still come. */
export function judgeLiteral(received: Buffer, isEnd: boolean, expected: Buffer): ProbeResult | null {
  if (received.includes(expected)) return isPrimary;
  if (!isEnd) return null;
  return received.length === 0 ? failed('reset') : isOther;
}
