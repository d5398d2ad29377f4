/**
 * Subscribes to leader events: acts once for each change of a leader, in the order of epochs.
 *
 *   PORT=8080 node subscriber.ts
 */

import { createServer } from 'node:http';

interface LeaderEvent {
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly data: { readonly reason: string; readonly epoch: number; readonly leader: { readonly name: string } | null };
}

/**
 * The last epoch of each Service. Keep it where your action is done, if the action must not run
 * twice.
 */
const epochs = new Map<string, number>();

function act(event: LeaderEvent): void {
  const { leader, reason, epoch } = event.data;
  console.log(`${event.subject} leader=${leader?.name ?? 'none'} epoch=${epoch} reason=${reason}`);
}

function take(event: LeaderEvent): void {
  // Events of other types may come: answer 2xx, or they are sent again.
  if (!event.type.startsWith('io.zen-lead.leader.')) return;
  const key = `${event.source} ${event.subject}`;
  // At least once, and a retry may come after a newer event. The end of a Service keeps its epoch.
  if (event.data.epoch < (epochs.get(key) ?? 0)) return;
  if (event.data.epoch === epochs.get(key) && event.data.leader !== null) return;
  epochs.set(key, event.data.epoch);
  act(event);
}

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    take(JSON.parse(Buffer.concat(chunks).toString()) as LeaderEvent);
    response.writeHead(204).end();
  } catch {
    response.writeHead(400).end();
  }
});
server.listen(Number(process.env['PORT'] ?? 8080), () => {
  const address = server.address();
  console.log(`listening on ${typeof address === 'object' && address !== null ? address.port : ''}`);
});
