/**
 * The loads of lockFigures.ts: what clients do by hand with a Lease, and what they do through two
 * replicas of `zen-lead api`.
 *
 * Guarantees: both ask the same kube-apiserver over connections that are kept.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { ApiError, type ApiRequest } from '../test/support/controlPlane/connectApi.ts';

export const leasesOf = (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;

export function aLease(name: string): object {
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec: { holderIdentity: '' } };
}

/** One PATCH of a Lease, in milliseconds: the least that any lock in the cluster can cost. */
export async function timePatch(send: ApiRequest, path: string, index: number): Promise<number> {
  const startedAt = performance.now();
  await send('PATCH', path, { spec: { holderIdentity: `client-${index}` } });
  return performance.now() - startedAt;
}

interface Lease {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: { readonly holderIdentity?: string };
}

/**
 * One client that takes a Lease by compare-and-swap and gives it back, until `isOver`. A conflict
 * or a Lease that is held is asked for again after some milliseconds. Returns its grants.
 */
export async function swapByHand(
  send: ApiRequest,
  path: string,
  client: string,
  isOver: () => boolean,
): Promise<number> {
  let grants = 0;
  while (!isOver()) {
    const { metadata, spec } = (await send('GET', path)) as Lease;
    const isFree = (spec.holderIdentity ?? '') === '';
    if (!isFree || !(await swap(send, path, metadata.resourceVersion, client))) {
      await sleep(5 + Math.random() * 20);
      continue;
    }
    grants += 1;
    while (!isOver() && !(await giveBack(send, path))) await sleep(1);
  }
  return grants;
}

async function swap(send: ApiRequest, path: string, resourceVersion: string, holderIdentity: string): Promise<boolean> {
  try {
    await send('PATCH', path, { metadata: { resourceVersion }, spec: { holderIdentity } });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return false;
    throw error;
  }
}

async function giveBack(send: ApiRequest, path: string): Promise<boolean> {
  const { metadata } = (await send('GET', path)) as Lease;
  return swap(send, path, metadata.resourceVersion, '');
}

export interface Grant {
  readonly token: number;
  readonly grantId: string;
}

export async function acquire(url: string, requestId: string, waitSeconds: number): Promise<Grant | null> {
  const body = { requestId, holder: requestId, ttlSeconds: 3_600, waitSeconds };
  const { statusCode, body: answer } = await post(`${url}/acquire`, body);
  if (statusCode === 200) return answer as Grant;
  if (statusCode === 409) return null;
  throw new Error(`acquire: ${statusCode} ${JSON.stringify(answer)}`);
}

export async function release(url: string, { token, grantId }: Grant): Promise<void> {
  const { statusCode, body } = await post(`${url}/release`, { token, grantId });
  if (statusCode !== 204) throw new Error(`release: ${statusCode} ${JSON.stringify(body)}`);
}

async function post(url: string, body: object): Promise<{ readonly statusCode: number; readonly body: unknown }> {
  const headers = { 'content-type': 'application/json' };
  const answer = await request(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await answer.body.text();
  return { statusCode: answer.statusCode, body: text === '' ? null : JSON.parse(text) };
}

/** One client that takes the lock and gives it back, until `isOver`. Returns its grants. */
export async function takeTurns(url: string, client: string, isOver: () => boolean): Promise<number> {
  let grants = 0;
  for (let turn = 0; !isOver(); turn += 1) {
    const grant = await acquire(url, `${client}-${turn}`, 600);
    if (grant === null) continue;
    grants += 1;
    await release(url, grant);
  }
  return grants;
}
