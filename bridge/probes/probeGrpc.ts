/**
 * probeGrpc: asks the standard health service of gRPC over HTTP/2 without TLS.
 *
 * Guarantees: passes for SERVING alone. Holds at most 1 KiB of an answer. Settles in the tick in
 * which the signal aborts. A session that the caller gives stays open; one of our own is closed.
 * Source: https://github.com/grpc/grpc/blob/master/doc/health-checking.md,
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */

import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { faultResult } from './faultResult.ts';
import { decodeHealthResponse, encodeHealthRequest } from './grpcHealth.ts';
import { type Endpoint, failed, hostOf, isVoid, type ProbeResult, passed } from './probe.ts';

const MAX_ANSWER_BYTES = 1_024;

/** Small windows, so that a target that sends without end does not fill our memory. */
const settings = {
  enablePush: false,
  initialWindowSize: 2 * MAX_ANSWER_BYTES,
  maxHeaderListSize: 4 * MAX_ANSWER_BYTES,
} as const;

export function openGrpcSession({ address, check }: Endpoint): ClientHttp2Session {
  const session = connect(`http://${hostOf(address, check.port)}`, { settings, maxSessionMemory: 1 });
  // An error without a listener would end the process; each request notices it by itself.
  session.on('error', () => {});
  return session;
}

export function probeGrpc(
  endpoint: Endpoint,
  signal: AbortSignal,
  kept: ClientHttp2Session | null = null,
): Promise<ProbeResult> {
  const { promise, resolve } = Promise.withResolvers<ProbeResult>();
  const session = kept ?? openGrpcSession(endpoint);
  const request = encodeHealthRequest(endpoint.check.target);
  let headers: IncomingHttpHeaders = {};
  let isSettled = false;
  let body = Buffer.alloc(0);

  function settle(result: ProbeResult): void {
    if (isSettled) return;
    isSettled = true;
    signal.removeEventListener('abort', onAbort);
    session.off('error', onError);
    session.off('close', onClose);
    if (kept === null) session.destroy();
    else stream?.close(constants.NGHTTP2_CANCEL);
    resolve(result);
  }
  const onAbort = (): void => settle(failed('timeout'));
  const onError = (error: unknown): void => settle(faultResult(error));
  const onClose = (): void => settle(failed('reset'));

  session.on('error', onError);
  session.on('close', onClose);
  signal.addEventListener('abort', onAbort);

  const stream = session.destroyed || session.closed ? null : openStream(session);
  if (stream === null) {
    settle(isVoid);
    return promise;
  }
  stream.on('error', onError);
  stream.on('response', (received) => {
    headers = received;
    const status = received[':status'] ?? 0;
    if (status !== 200) return settle(failed(`http-${status}`));
    // An answer without a body has its status here ("Trailers-Only").
    const early = received['grpc-status'];
    if (early !== undefined && early !== '0') settle(judgeStatus(early));
  });
  stream.on('data', (chunk: Buffer) => {
    body = Buffer.concat([body, chunk]);
    if (body.length > MAX_ANSWER_BYTES) settle(failed('garbage'));
  });
  stream.on('trailers', (received) => {
    headers = { ...headers, ...received };
  });
  stream.on('end', () => settle(judge(headers, body)));
  // A stream that the target resets ends without 'end'.
  stream.on('close', () => settle(failed('reset')));
  stream.end(request);
  if (signal.aborted) onAbort();
  return promise;
}

function openStream(session: ClientHttp2Session) {
  return session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'zen-lead-probe',
  });
}

function judge(headers: IncomingHttpHeaders, body: Buffer): ProbeResult {
  if (headers[':status'] === undefined) return failed('reset');
  const status = headers['grpc-status'];
  // Without trailers the answer was cut, or is not gRPC.
  if (status === undefined) return failed('garbage');
  if (status !== '0') return judgeStatus(status);
  const answer = decodeHealthResponse(body);
  return answer === 'serving' ? passed : failed(answer === null ? 'garbage' : 'not-serving');
}

function judgeStatus(status: string | readonly string[]): ProbeResult {
  return typeof status === 'string' && /^\d{1,2}$/.test(status) ? failed(`grpc-${Number(status)}`) : failed('garbage');
}
