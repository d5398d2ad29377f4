/**
 * Reads the body of a request as JSON, up to a limit.
 *
 * Guarantees: it never holds more than the limit, and a client that goes away ends the read.
 */

import type { IncomingMessage } from 'node:http';
import { badRequest, StatusError } from '../statusError.ts';

/** The real server has the same limit, 3 MiB: twice etcd's request limit. */
const limitBytes = 3 * 1024 * 1024;

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > limitBytes) {
      throw new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `what` begins the refusal. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`${what}: ${error instanceof Error ? error.message : 'cannot be read as JSON'}`);
  }
}
