/**
 * Starts a proxy in front of the embedded API server, which knows no users: it answers a
 * SelfSubjectReview with the user that a test names, and passes on the rest.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ProxiedUser {
  readonly username: string;
  readonly groups: readonly string[];
}

/** Returns its address. Ends with the test. */
export async function startUserProxy(url: string, userInfo: ProxiedUser): Promise<string> {
  const server = createServer(async (incoming, outgoing) => {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part);
    if (path.includes('/selfsubjectreviews')) {
      outgoing.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ status: { userInfo } }));
      return;
    }
    const { host: _, connection: __, 'content-length': ___, ...rest } = headers;
    const body = Buffer.concat(parts);
    const sent = { method, headers: rest as Record<string, string>, ...(body.length > 0 && { body }) };
    const answer = await fetch(`${url}${path}`, sent);
    const type = answer.headers.get('content-type') ?? 'application/json';
    outgoing.writeHead(answer.status, { 'content-type': type }).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
