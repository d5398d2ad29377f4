/**
 * Runs the floor for a fleet: the smallest loop that gives each annotated Service a leader Service
 * and a slice, and patches the slice when its pod stops being Ready.
 *
 * It uses the same API server and the same client library, and has no snapshot, no rules beyond
 * "Ready", no record, no preconditions and no announcement. Nothing that also does zen-lead's work
 * can be faster.
 *
 * usage: node bench/fleetFloor.ts URL TOKEN CA_FILE NAMESPACE
 */

import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { lastingLines } from './lastingLines.ts';

const metadata = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});
const podLine = z.object({
  object: z.object({
    metadata,
    status: z.object({
      podIP: z.string().optional(),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
    }),
  }),
});
const serviceLine = z.object({ object: z.object({ metadata }) });

const [url = '', token = '', caFile = '', namespace = ''] = process.argv.slice(2);
const dispatcher = new Agent({ connect: { ca: readFileSync(caFile, 'utf8') } });
const core = `/api/v1/namespaces/${namespace}`;
const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
/** By Service: its Ready pods, name to address. */
const ready = new Map<string, Map<string, string>>();
const leaders = new Map<string, string>();
const optedIn = new Set<string>();

const stop = new AbortController().signal;
const watch = (path: string) => lastingLines({ url, token, caFile }, `${path}?allowWatchBookmarks=false`, stop);

async function followPods(): Promise<void> {
  for await (const line of watch(`${core}/pods`)) {
    const { metadata: pod, status } = podLine.parse(line).object;
    const service = pod.labels['app'] ?? '';
    const pods = ready.get(service) ?? new Map<string, string>();
    ready.set(service, pods);
    const isReady = status.conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True');
    if (isReady && status.podIP !== undefined) pods.set(pod.name, status.podIP);
    else pods.delete(pod.name);
    const leader = leaders.get(service);
    if (leader === undefined && optedIn.has(service)) void lead(service);
    if (leader === undefined || pods.has(leader)) continue;
    const [next] = pods;
    if (next === undefined) continue;
    leaders.set(service, next[0]);
    void send('PATCH', `${slices}/${service}-leader-ipv4`, { endpoints: [{ addresses: [next[1]] }] });
  }
}

async function followServices(): Promise<void> {
  for await (const line of watch(`${core}/services`)) {
    const { name, annotations } = serviceLine.parse(line).object.metadata;
    if (annotations['zen-lead.io/enabled'] !== 'true' || optedIn.has(name)) continue;
    optedIn.add(name);
    void lead(name);
  }
}

async function lead(service: string): Promise<void> {
  const [pod] = ready.get(service) ?? [];
  if (pod === undefined) return;
  leaders.set(service, pod[0]);
  const name = `${service}-leader`;
  await send('POST', `${core}/services`, { metadata: { name }, spec: { ports: [{ port: 80, targetPort: 8080 }] } });
  await send('POST', slices, {
    metadata: { name: `${name}-ipv4`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [pod[1]] }],
    ports: [{ name: '', port: 8080 }],
  });
}

async function send(method: 'POST' | 'PATCH', path: string, body: object): Promise<void> {
  const answer = await request(`${url}${path}`, {
    method,
    dispatcher,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    },
    body: JSON.stringify(body),
  });
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${await answer.body.text()}`);
  await answer.body.dump();
}

await Promise.all([followPods(), followServices()]);
