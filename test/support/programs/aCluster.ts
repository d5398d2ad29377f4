/**
 * Starts an embedded API server with a kubeconfig, and a workload `db` of bare pods, for the tests
 * that run `zen-lead` as a process.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { startApiServer } from '../../../apiserver/startApiServer.ts';
import { aPodManifest, aPodStatus } from '../objects/aPodManifest.ts';

export interface Cluster {
  readonly url: string;
  readonly kubeconfig: string;
  createPod(name: string, ip: string): Promise<void>;
  writeReady(name: string, ip: string, isReady: boolean): Promise<void>;
  /** Opted in. */
  createService(): Promise<void>;
  /** The IPv4 slice of `db-leader`, or the Status that says why not. */
  readSlice(): Promise<unknown>;
  expectLeader(ip: string): Promise<void>;
}

const SERVICES = '/api/v1/namespaces/default/services';
const PODS = '/api/v1/namespaces/default/pods';
const SLICE = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/db-leader-ipv4';

export async function aCluster(port = 0): Promise<Cluster> {
  const server = await startApiServer({ port });
  onTestFinished(() => server.close());
  const kubeconfig = join(aDirectory(), 'kubeconfig');
  await server.writeKubeconfig(kubeconfig);

  async function request(method: string, path: string, body?: object): Promise<unknown> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { 'content-type': type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const answer: unknown = await response.json();
    if (!response.ok && response.status !== 404) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  async function writeReady(name: string, ip: string, isReady: boolean): Promise<void> {
    await request('PATCH', `${PODS}/${name}/status`, { status: aPodStatus({ ready: isReady, ips: [ip] }) });
  }

  return {
    url: server.url,
    kubeconfig,
    writeReady,
    readSlice: () => request('GET', SLICE),
    async createPod(name, ip) {
      await request('POST', PODS, aPodManifest({ name }));
      await writeReady(name, ip, true);
    },
    async createService() {
      const metadata = { name: 'db', annotations: { 'zen-lead.io/enabled': 'true' } };
      await request('POST', SERVICES, { metadata, spec: { selector: { app: 'db' }, ports: [{ port: 5432 }] } });
    },
    async expectLeader(ip) {
      await expect
        .poll(() => request('GET', SLICE), { message: 'the route of the leader', interval: 20 })
        .toMatchObject({ endpoints: [{ addresses: [ip] }] });
    },
  };
}

export function aDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'zen-lead-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}
