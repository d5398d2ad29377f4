/**
 * probeHttp: asks for one path, and reads the status line.
 *
 * Guarantees: passes for 200 to 399 and follows no redirect. The request is the same for every
 * target but for path and address; no header and no body of a user's goes out.
 * Source: https://www.rfc-editor.org/rfc/rfc9112#section-4 (status-line),
 * https://www.rfc-editor.org/rfc/rfc9110#section-15.2 (a 1xx comes before the final status).
 */

import { exchange } from './exchange.ts';
import { type Endpoint, failed, hostOf, type ProbeResult, passed } from './probe.ts';

/** What a status of 200 or more says. */
type JudgeStatus = (status: number) => ProbeResult;

function isHealthy(status: number): ProbeResult {
  return status < 400 ? passed : failed(`http-${status}`);
}

const USER_AGENT = 'zen-lead-probe';

export function probeHttp(
  { address, check }: Endpoint,
  signal: AbortSignal,
  judgeStatus: JudgeStatus = isHealthy,
): Promise<ProbeResult> {
  const send = Buffer.from(
    [
      `GET ${toRequestTarget(check.target)} HTTP/1.1`,
      `Host: ${hostOf(address, check.port)}`,
      `User-Agent: ${USER_AGENT}`,
      'Accept: */*',
      // Bytes that are not read need no compressing, and a bomb has nothing to be in.
      'Accept-Encoding: identity',
      'Connection: close',
      '',
      '',
    ].join('\r\n'),
    'latin1',
  );
  const judge = (received: Buffer, isEnd: boolean): ProbeResult | null => judgeStatusLine(received, isEnd, judgeStatus);
  return exchange(address, check.port, { send, judge }, signal);
}

/** What is not visible ASCII goes out percent-encoded, so that a path ends no line. */
export function toRequestTarget(path: string): string {
  return [...Buffer.from(path)]
    .map((byte) =>
      byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');
}

const STATUS_LINE = /^HTTP\/1\.[01] ([1-9]\d\d)(?: [^\r\n]*)?\r?\n/;

/** Null where the final status line is not complete. */
export function judgeStatusLine(
  received: Buffer,
  isEnd: boolean,
  judgeStatus: JudgeStatus = isHealthy,
): ProbeResult | null {
  let text = received.toString('latin1');
  for (;;) {
    const match = STATUS_LINE.exec(text);
    if (match === null) return judgeWithoutLine(text, isEnd);
    const status = Number(match[1]);
    if (status >= 200) return judgeStatus(status);
    const end = /\r?\n\r?\n/.exec(text);
    if (end === null) return isEnd ? failed('garbage') : null;
    text = text.slice(end.index + end[0].length);
  }
}

function judgeWithoutLine(text: string, isEnd: boolean): ProbeResult | null {
  if (text === '') return isEnd ? failed('reset') : null;
  // HTTP/0.9 sends the body alone. Its first bytes show it, without a time-out.
  const start = 'HTTP/1.'.slice(0, text.length);
  return isEnd || text.includes('\n') || !text.startsWith(start) ? failed('garbage') : null;
}
