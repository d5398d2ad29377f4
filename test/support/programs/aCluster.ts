/**
 * Starts an embedded API server with a kubeconfig, and a workload `db` of bare pods, for the tests
 * that run `zen-lead` as a process.
 */

import { expect } from 'vitest';
import { aPodManifest, aPodStatus } from '../objects/aPodManifest.ts';
import { aKubeconfig } from './aKubeconfig.ts';

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
  /** Creates the opted-in Service with db-0 and db-1, and waits until db-0 leads. */
  startLed(): Promise<void>;
  /** Makes db-0 NotReady, and waits until db-1 leads. */
  failOver(): Promise<void>;
}

const SERVICES = '/api/v1/namespaces/default/services';
const PODS = '/api/v1/namespaces/default/pods';
const SLICE = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/db-leader-ipv4';

export async function aCluster(port = 0): Promise<Cluster> {
  const { server, kubeconfig, request } = await aKubeconfig(port);

  async function writeReady(name: string, ip: string, isReady: boolean): Promise<void> {
    await request('PATCH', `${PODS}/${name}/status`, { status: aPodStatus({ ready: isReady, ips: [ip] }) });
  }

  async function createPod(name: string, ip: string): Promise<void> {
    await request('POST', PODS, aPodManifest({ name }));
    await writeReady(name, ip, true);
  }

  async function createService(): Promise<void> {
    const metadata = { name: 'db', annotations: { 'zen-lead.io/enabled': 'true' } };
    await request('POST', SERVICES, { metadata, spec: { selector: { app: 'db' }, ports: [{ port: 5432 }] } });
  }

  async function expectLeader(ip: string): Promise<void> {
    await expect
      .poll(() => request('GET', SLICE), { message: 'the route of the leader', interval: 20 })
      .toMatchObject({ endpoints: [{ addresses: [ip] }] });
  }

  return {
    url: server.url,
    kubeconfig,
    writeReady,
    readSlice: () => request('GET', SLICE),
    createPod,
    createService,
    expectLeader,
    async startLed() {
      await createPod('db-0', '10.0.0.10');
      await createPod('db-1', '10.0.0.11');
      await createService();
      await expectLeader('10.0.0.10');
    },
    async failOver() {
      await writeReady('db-0', '10.0.0.10', false);
      await expectLeader('10.0.0.11');
    },
  };
}
