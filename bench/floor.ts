/**
 * Runs the floor: the smallest loop that watches pods and patches an EndpointSlice, as a program of
 * its own.
 *
 * zen-lead is measured against it. It uses the same API server and the same client library. It has
 * no snapshot, no rules beyond "Ready", no record, no preconditions and no announcement. Nothing
 * that also does zen-lead's work can be faster.
 *
 * usage: node bench/floor.ts URL TOKEN CA_FILE NAMESPACE
 */

import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { watchLines } from '../test/support/controlPlane/watchLines.ts';
import { floorSlice } from './createWorkloads.ts';

const podLine = z.object({
  object: z.object({
    metadata: z.object({ name: z.string() }),
    status: z.object({
      podIP: z.string().optional(),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
    }),
  }),
});

const [url = '', token = '', caFile = '', namespace = ''] = process.argv.slice(2);
const dispatcher = new Agent({ connect: { ca: readFileSync(caFile, 'utf8') } });
const slicePath = `${url}/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${floorSlice}`;
const ready = new Map<string, string>();
let leader: string | undefined;

const lines = await watchLines(
  { url, token, caFile },
  `/api/v1/namespaces/${namespace}/pods?allowWatchBookmarks=false`,
  new AbortController().signal,
);
for await (const line of lines) {
  const { metadata, status } = podLine.parse(line).object;
  const isReady = status.conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True');
  if (isReady && status.podIP !== undefined) ready.set(metadata.name, status.podIP);
  else ready.delete(metadata.name);
  if (leader !== undefined && ready.has(leader)) continue;
  const [next] = ready;
  if (next === undefined) continue;
  leader = next[0];
  void route(next[1]);
}

async function route(address: string): Promise<void> {
  const { body } = await request(slicePath, {
    method: 'PATCH',
    dispatcher,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify({ endpoints: [{ addresses: [address] }] }),
  });
  await body.dump();
}
