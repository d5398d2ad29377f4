/**
 * Receives CloudEvents, as any program behind a Trigger does. It takes each event that is posted,
 * in either mode, and shows on GET what it got, as JSON. Runs as a pod (receivers.yaml), on a plain
 * Node, without a dependency.
 */

import http from 'node:http';

/**
 * Attributes by name, `data`, and the time of arrival in epoch milliseconds, in order of arrival.
 */
const received: Record<string, unknown>[] = [];

http
  .createServer((request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(received));
      return;
    }
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const attributes = Object.entries(request.headers).filter(([name]) => name.startsWith('ce-'));
      const isBinary = attributes.length > 0;
      const event = isBinary
        ? { ...Object.fromEntries(attributes.map(([name, value]) => [name.slice(3), value])), data: JSON.parse(body) }
        : JSON.parse(body);
      received.push({ ...event, receivedAt: Date.now() });
      response.writeHead(202).end();
    });
  })
  .listen(8080);
