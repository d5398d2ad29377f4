/**
 * Sends a request byte by byte and never ends it, to hold a connection. Resolves with the answer,
 * once the server has closed.
 */

import { connect } from 'node:net';

export async function dripInto(port: number, start: string, more: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(start);
  let answer = '';
  // Waits until the answer was read. A byte sent to a closed connection resets it, and loses what
  // was not read yet.
  const dripping = setInterval(() => setImmediate(() => answer === '' && socket.write(more)), 20);
  try {
    for await (const chunk of socket) answer += chunk;
    return answer;
  } finally {
    clearInterval(dripping);
  }
}
