/**
 * faultResult: says what a failed connection means: something about the target, or about this
 * process.
 *
 * Guarantees: a fault of our own (no file descriptor, no memory, no local port) judges no target.
 * Source: https://man7.org/linux/man-pages/man2/connect.2.html#ERRORS,
 * https://nodejs.org/api/errors.html#nodejs-error-codes
 */

import { failed, isVoid, type ProbeResult } from './probe.ts';

const results: Readonly<Record<string, ProbeResult>> = {
  ECONNREFUSED: failed('refused'),
  ECONNRESET: failed('reset'),
  EPIPE: failed('reset'),
  ECONNABORTED: failed('reset'),
  ETIMEDOUT: failed('timeout'),
  EHOSTUNREACH: failed('unreachable'),
  EHOSTDOWN: failed('unreachable'),
  ENETUNREACH: failed('unreachable'),
  // The target ended the stream or the session with a code of HTTP/2.
  ERR_HTTP2_STREAM_ERROR: failed('reset'),
  ERR_HTTP2_SESSION_ERROR: failed('reset'),
  ERR_HTTP2_GOAWAY_SESSION: failed('reset'),
  EMFILE: isVoid,
  ENFILE: isVoid,
  ENOBUFS: isVoid,
  ENOMEM: isVoid,
  EADDRNOTAVAIL: isVoid,
  EAFNOSUPPORT: isVoid,
  EACCES: isVoid,
  EPERM: isVoid,
  ENETDOWN: isVoid,
};

/** An error without a code that we know comes from what the target sent. */
export function faultResult(error: unknown): ProbeResult {
  if (!(error instanceof Error)) return failed('garbage');
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // A stream that waits for its session is cancelled by the fault of the session.
  if (code === 'ERR_HTTP2_STREAM_CANCEL') return error.cause === undefined ? failed('reset') : faultResult(error.cause);
  return results[code] ?? failed('garbage');
}
