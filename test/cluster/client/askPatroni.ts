/**
 * Asks Patroni whether it is the primary, over a new connection every few milliseconds. Prints the
 * answers as JSON lines: `{ at, answeredAt, target, status, server }`. It runs on the node of the
 * cluster: `node askPatroni.ts NAME=ADDRESS …`.
 *
 * `server` tells the servers apart: when the one that answered was started.
 *
 * Guarantees: a connection that hangs delays none of the later ones.
 */

import { get } from 'node:http';

const targets = process.argv.slice(2).map((word) => word.split('='));
const everyMs = 20;
const timeoutMs = 5_000;

setInterval(() => {
  for (const [target = '', host = ''] of targets) ask(target, host);
}, everyMs);

function ask(target: string, host: string): void {
  const at = Date.now();
  const request = get({ host, port: 8_008, path: '/primary', agent: false, timeout: timeoutMs }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      body += chunk;
    });
    response.on('error', () => {});
    response.on('end', () => {
      const server = /"postmaster_start_time": ?"([^"]+)"/.exec(body)?.[1] ?? '';
      const line = { at, answeredAt: Date.now(), target, status: response.statusCode, server };
      // One write a line, so that lines of two answers never mix.
      process.stdout.write(`${JSON.stringify(line)}\n`);
    });
  });
  request.on('timeout', () => request.destroy());
  request.on('error', () => {});
}
