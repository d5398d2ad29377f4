/**
 * Sends and receives events with the JavaScript SDK of CloudEvents, as test/sdks/sdks.test.ts asks
 * for.
 */

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { CloudEvent, HTTP } from 'cloudevents';

interface Order {
  readonly url: string;
  readonly mode: 'structured' | 'binary' | 'bytes';
  readonly event: ConstructorParameters<typeof CloudEvent>[0];
}

const say = (line: object): void => console.log(JSON.stringify(line));

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function send({ url, mode, event }: Order): Promise<object> {
  const { datacontenttype: _, ...untyped } = event;
  const isBytes = mode === 'bytes';
  const sent = new CloudEvent(
    isBytes ? { ...untyped, data: new Uint8Array(Buffer.from(JSON.stringify(event.data))) } : event,
  );
  const message = mode === 'binary' ? HTTP.binary(sent) : HTTP.structured(sent);
  const response = await fetch(url, {
    method: 'POST',
    headers: message.headers as Record<string, string>,
    body: String(message.body),
  });
  const body = await response.text();
  const hasReply = response.status === 200 && body !== '';
  const reply = hasReply ? HTTP.toEvent({ headers: Object.fromEntries(response.headers), body }) : null;
  return { status: response.status, event: reply };
}

const server = createServer(async (request, response) => {
  say({ received: HTTP.toEvent({ headers: request.headers, body: await readBody(request) }) });
  response.writeHead(202).end();
});
server.listen(0, '127.0.0.1', () => {
  say({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events` });
});
for await (const line of createInterface({ input: process.stdin })) say({ answer: await send(JSON.parse(line)) });
process.exit();
