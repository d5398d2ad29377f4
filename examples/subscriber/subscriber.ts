/**
 * Receives leader events and logs who leads. Run it with `PORT=8080 node
 * examples/subscriber/subscriber.ts`.
 *
 * zen-lead announces at least once, so a subscriber has to expect an event twice, and an older one
 * after a newer one.
 */

import { createServer } from 'node:http';
import { CloudEvent, HTTP } from 'cloudevents';

interface LeaderData {
  readonly epoch: number;
  readonly leader: { readonly name: string } | null;
}

/** The newest epoch of each Service. */
const epochs = new Map<string, number>();

const server = createServer(async (request, response) => {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const received = HTTP.toEvent<LeaderData>({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    if (Array.isArray(received)) throw new Error('expected one event');
    // HTTP.toEvent does not validate; this does.
    const event = new CloudEvent<LeaderData>(received);
    onLeaderEvent(event.type, event.subject ?? '', event.data);
    response.writeHead(204).end();
  } catch (error) {
    response.writeHead(400).end(String(error));
  }
});

function onLeaderEvent(type: string, service: string, data: LeaderData | undefined): void {
  if (!type.startsWith('io.zen-lead.leader.') || data === undefined) return;
  if (data.epoch <= (epochs.get(service) ?? -1)) return;
  epochs.set(service, data.epoch);
  console.log(`${service}: ${data.leader?.name ?? 'no pod'} leads (epoch ${data.epoch})`);
}

server.listen(Number(process.env['PORT'] ?? 8080), () => {
  const address = server.address();
  console.log(`listening on port ${typeof address === 'object' ? address?.port : address}`);
});
