/**
 * Reads and awaits what stories of scale-down are about: workloads, their pods, and what zen-lead
 * wrote down.
 */

import { expect } from 'vitest';
import { z } from 'zod';
import type { Namespace } from './createNamespace.ts';
import { listEvents } from './listEvents.ts';
import { listSlices } from './readObjects.ts';
import { readLeader } from './readRoute.ts';

const pod = z.object({
  metadata: z.object({ name: z.string(), uid: z.string(), deletionTimestamp: z.string().optional() }),
  status: z.object({ phase: z.string().default('') }),
});

export async function listPods(namespace: Namespace): Promise<readonly z.infer<typeof pod>[]> {
  return z.object({ items: z.array(pod) }).parse(await namespace.request('GET', namespace.core('pods'))).items;
}

export async function countReady(namespace: Namespace): Promise<number> {
  const pods = await listPods(namespace);
  return pods.filter(({ status, metadata }) => status.phase === 'Running' && !metadata.deletionTimestamp).length;
}

const workload = z.object({
  metadata: z.object({ generation: z.number() }),
  spec: z.object({ replicas: z.number() }),
  status: z.object({ replicas: z.number().default(0), observedGeneration: z.number().default(0) }),
});

async function readWorkload({ name, request }: Namespace, kind: string, of: string) {
  const plural = `${kind.toLowerCase()}s`;
  return workload.parse(await request('GET', `/apis/apps/v1/namespaces/${name}/${plural}/${of}`));
}

export async function isSettled(namespace: Namespace, kind = 'Deployment', of = 'web'): Promise<boolean> {
  const { metadata, spec, status } = await readWorkload(namespace, kind, of);
  return status.replicas === spec.replicas && status.observedGeneration === metadata.generation;
}

export async function readReplicas(namespace: Namespace, kind = 'Deployment', of = 'web'): Promise<number> {
  return (await readWorkload(namespace, kind, of)).spec.replicas;
}

/** The record of scale-down, as it is written. */
export async function readScaleState(namespace: Namespace, leader = 'web-leader'): Promise<string | undefined> {
  const slices = await listSlices(namespace, leader);
  return slices.flatMap(({ metadata }) => metadata.annotations['zen-lead.io/scale-state'] ?? [])[0];
}

export async function readNotes(namespace: Namespace, service = 'web'): Promise<readonly string[]> {
  return (await listEvents(namespace, service)).map(({ type, reason, note }) => `${type} ${reason}: ${note}`);
}

/** After a restore a claim of 20 s is waited for, and then what the user asked for. */
const DOWN_WITHIN_MS = 60_000;

/** Expects that the workload comes down to its leader. Resolves to the leader's name. */
export async function comesDown(namespace: Namespace, kind = 'Deployment', to = 1, of = 'web'): Promise<string> {
  await expect.poll(() => readReplicas(namespace, kind, of), { timeout: DOWN_WITHIN_MS }).toBe(to);
  const leader = await readLeader(namespace, `${of}-leader`);
  await expect.poll(() => listPods(namespace), { timeout: 20_000 }).toHaveLength(to);
  expect(await readLeader(namespace, `${of}-leader`)).toBe(leader);
  expect((await listPods(namespace)).map(({ metadata }) => metadata.name)).toContain(leader);
  return leader;
}

/** Expects a Warning Event with that reason, and the record of it. */
export async function isRefused(namespace: Namespace, reason: string): Promise<void> {
  const refusal = expect.stringMatching(`^Warning ScaleDownRefused: ${reason}: `);
  await expect.poll(() => readNotes(namespace), { timeout: 20_000 }).toContainEqual(refusal);
  await expect.poll(() => readScaleState(namespace)).toContain(`"reason":"${reason}"`);
}
