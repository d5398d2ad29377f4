/**
 * The two messages of grpc.health.v1, as bytes. They have one field each, which needs no protobuf
 * library.
 *
 * Source: https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto,
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md (length-prefixed message),
 * https://protobuf.dev/programming-guides/encoding/
 */

const STRING_FIELD_1 = 0x0a;
const VARINT_FIELD_1 = 0x08;
const SERVING = 1;
/** One byte that says "not compressed", four of length. */
const PREFIX_BYTES = 5;

/** HealthCheckRequest { string service = 1 } */
export function encodeHealthRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([STRING_FIELD_1]), varint(name.length), name]);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/**
 * HealthCheckResponse { ServingStatus status = 1 }. Null for what is not one. Status 0 (UNKNOWN) is
 * the default, which is not on the wire.
 */
export function decodeHealthResponse(bytes: Buffer): 'serving' | 'not-serving' | null {
  if (bytes.length < PREFIX_BYTES || bytes[0] !== 0) return null;
  const message = bytes.subarray(PREFIX_BYTES);
  if (message.length !== bytes.readUInt32BE(1)) return null;
  if (message.length === 0) return 'not-serving';
  const [field, status] = message;
  if (message.length !== 2 || field !== VARINT_FIELD_1 || status === undefined || status > 0x7f) return null;
  return status === SERVING ? 'serving' : 'not-serving';
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
