/**
 * exchange: opens a TCP connection, sends a few bytes, and reads at most 1 KiB of the answer.
 *
 * Guarantees: settles in the tick in which the signal aborts, with `timeout` unless what has come
 * is an answer. Never holds more than
 * 1 KiB of what the target sends, however much that is. The connection is closed when it settles,
 * with a reset where nothing was asked, so that none of our ports stays in TIME_WAIT.
 * Source: https://nodejs.org/api/net.html#new-netsocketoptions (onread),
 * https://nodejs.org/api/net.html#socketresetanddestroy
 */

import { connect } from 'node:net';
import { faultResult } from './faultResult.ts';
import { failed, type ProbeResult, passed } from './probe.ts';

interface Conversation {
  readonly send: Buffer;
  /**
   * Judges what has come so far; null where more is needed. `isEnd`: nothing more will come, or
   * the limit is reached.
   */
  judge(received: Buffer, isEnd: boolean): ProbeResult | null;
  /** An answer without an end of its own is judged by what has come when the time is over. */
  readonly isJudgedAtDeadline?: boolean;
}

/** A status line has some 30 bytes. More would only be more to read from a broken target. */
const MAX_ANSWER_BYTES = 1_024;

/** `conversation` null where a connection is all that is asked for. */
export function exchange(
  address: string,
  port: number,
  conversation: Conversation | null,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const { promise, resolve } = Promise.withResolvers<ProbeResult>();
  const buffer = Buffer.alloc(conversation === null ? 1 : MAX_ANSWER_BYTES);
  let received = 0;
  let answer = Buffer.alloc(0);
  let isSettled = false;

  const socket = connect({
    host: address,
    port,
    noDelay: true,
    onread: {
      // Node fills it again with the next bytes, so what came before is kept beside it.
      buffer,
      callback(count) {
        read(buffer.subarray(0, count));
        return !isSettled;
      },
    },
  });

  function settle(result: ProbeResult): void {
    if (isSettled) return;
    isSettled = true;
    signal.removeEventListener('abort', onAbort);
    if (conversation === null && !socket.connecting) socket.resetAndDestroy();
    else socket.destroy();
    resolve(result);
  }
  function onAbort(): void {
    const isJudged = conversation?.isJudgedAtDeadline === true && answer.length > 0;
    settle((isJudged ? conversation.judge(answer, true) : null) ?? failed('timeout'));
  }
  function read(bytes: Buffer): void {
    if (conversation === null || isSettled) return;
    answer = Buffer.concat([answer, bytes.subarray(0, MAX_ANSWER_BYTES - received)]);
    received = answer.length;
    const result = conversation.judge(answer, received >= MAX_ANSWER_BYTES);
    if (result !== null) settle(result);
  }

  socket.on('error', (error) => settle(faultResult(error)));
  socket.on('connect', () => {
    if (conversation === null) settle(passed);
    else socket.write(conversation.send);
  });
  socket.on('end', () => settle(conversation?.judge(answer, true) ?? failed('reset')));
  socket.on('close', () => settle(failed('reset')));
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  return promise;
}
