/**
 * toGrpcError: turns a refusal into a status of gRPC. docs/reference/grpc.md#errors
 *
 * Guarantees: every status has a Problem as detail, with the code that REST gives, and the same
 * code as trailer `zen-lead-code` for clients that decode no details.
 * Source: https://grpc.github.io/grpc/core/md_doc_statuscodes.html
 */

import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import { type ApiCode, type ApiError, toApiError } from '../apiError.ts';
import { ProblemSchema } from './generated/zenlead/v1/problem_pb.js';

const codes: Readonly<Record<ApiCode, Code>> = {
  INVALID: Code.InvalidArgument,
  UNAUTHENTICATED: Code.Unauthenticated,
  FORBIDDEN: Code.PermissionDenied,
  NOT_FOUND: Code.NotFound,
  HELD: Code.Aborted,
  LOST: Code.FailedPrecondition,
  WRONG_HOST: Code.PermissionDenied,
  BUSY: Code.ResourceExhausted,
  QUEUE_FULL: Code.ResourceExhausted,
  STALE: Code.Unavailable,
  UNREADABLE: Code.Unavailable,
  UNAVAILABLE: Code.Unavailable,
  INTERNAL: Code.Internal,
};

/** Answers every error of a handler, also one that ends a stream. `onRefusal` counts and logs. */
export function mapErrors(onRefusal: (error: ApiError) => void): Interceptor {
  const toError = (error: unknown): ConnectError => {
    // Of Connect itself: a message that cannot be read, a deadline, a client that has gone.
    if (error instanceof ConnectError) return error;
    const refusal = toApiError(error);
    onRefusal(refusal);
    return toGrpcError(refusal);
  };
  async function* mapped<Message>(messages: AsyncIterable<Message>): AsyncGenerator<Message> {
    try {
      yield* messages;
    } catch (error) {
      throw toError(error);
    }
  }
  return (next) => async (request) => {
    try {
      const response = await next(request);
      return response.stream ? { ...response, message: mapped(response.message) } : response;
    } catch (error) {
      throw toError(error);
    }
  };
}

export function toGrpcError({ code, message, details }: ApiError): ConnectError {
  const { holder, position } = details;
  const problem = {
    code,
    message,
    ...(holder !== undefined && { holder: String(holder) }),
    ...(position !== undefined && { position: Number(position) }),
  };
  return new ConnectError(message, codes[code], { 'zen-lead-code': code }, [{ desc: ProblemSchema, value: problem }]);
}

/**
 * Escapes the message of a status as gRPC does. Connect escapes punctuation as well, and grpc-js
 * undoes only what it has to, so that its users would read `ttlSeconds%3A`.
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */
export function withPlainMessage(answer: UniversalServerResponse): UniversalServerResponse {
  const { body, trailer } = answer;
  if (body === undefined || trailer === undefined) return answer;
  async function* whole(bytes: AsyncIterable<Uint8Array>, trailers: Headers): AsyncGenerator<Uint8Array> {
    yield* bytes;
    // The trailers are complete when the body is.
    const message = trailers.get(MESSAGE);
    if (message !== null) trailers.set(MESSAGE, escapeMessage(decodeURIComponent(message)));
  }
  return { ...answer, body: whole(body, trailer) };
}

const MESSAGE = 'grpc-message';

function escapeMessage(text: string): string {
  return text.replaceAll(/[^\x20-\x24\x26-\x7e]+/gu, encodeURIComponent);
}
