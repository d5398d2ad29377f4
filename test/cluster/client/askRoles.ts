/**
 * Asks Redis servers for their role, and their Sentinels for the primary, over a new connection
 * every few milliseconds. Prints the answers as JSON lines: `{ at, answeredAt, target, role, name
 * }`. It runs on the node of the cluster: `node askRoles.ts NAME=ADDRESS …`.
 *
 * Guarantees: a connection that hangs delays none of the later ones.
 */

import { connect } from 'node:net';

const targets = process.argv.slice(2).map((word) => word.split('='));
const everyMs = 20;
const timeoutMs = 5_000;

setInterval(() => {
  for (const [target = '', address = ''] of targets) {
    ask(target, address, 6379, 'CONFIG GET replica-announce-ip\r\nROLE\r\n', /\r\n(master|slave)\r\n/);
    if (target === 'leader') continue;
    ask(`sentinel of ${target}`, address, 26379, 'SENTINEL get-master-addr-by-name main\r\n', /\r\n6379\r\n/);
  }
}, everyMs);

function ask(target: string, address: string, port: number, question: string, last: RegExp): void {
  const at = Date.now();
  const socket = connect(port, address);
  let answer = '';
  socket.setTimeout(timeoutMs, () => socket.destroy());
  socket.on('connect', () => socket.write(question));
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    answer += chunk;
    const ended = last.exec(answer);
    if (ended === null) return;
    const name = /\r\n(redis-\d)\.redis-members\r\n/.exec(answer)?.[1] ?? '';
    // One write a line, so that lines of two answers never mix.
    process.stdout.write(`${JSON.stringify({ at, answeredAt: Date.now(), target, role: ended[1], name })}\n`);
    socket.destroy();
  });
}
