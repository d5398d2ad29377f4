/**
 * Asks the leader Service for its name, over a new TCP connection every few milliseconds, and
 * prints the answers. It runs on the node of the cluster, inside its namespaces: `node askLeader.ts
 * ADDRESS PORT`.
 *
 * Guarantees: a connection that hangs delays none of the later ones.
 */

import { connect } from 'node:net';

const [address = '', port = ''] = process.argv.slice(2);
/** Much shorter than any dark time that the stories measure. */
const everyMs = 10;
/** Longer than any dark time that the stories measure. */
const timeoutMs = 20_000;

setInterval(() => {
  const at = Date.now();
  const socket = connect(Number(port), address);
  let answer = '';
  let problem = '';
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error('TIMEOUT')));
  socket.on('connect', () => socket.write('GET /index.html HTTP/1.0\r\n\r\n'));
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    problem = error.code ?? error.message;
  });
  socket.on('close', () => {
    const pod = /\r\n\r\n(\S+)/.exec(answer)?.[1];
    const tookMs = Date.now() - at;
    const line = pod === undefined ? { at, tookMs, problem: problem || 'EMPTY' } : { at, tookMs, pod };
    // One write a line, so that lines of two answers never mix.
    process.stdout.write(`${JSON.stringify(line)}\n`);
  });
}, everyMs);
