/**
 * A real control plane on loopback for the e2e and contract suites: etcd, kube-apiserver and kube-controller-manager.
 *
 * Called once by each test file that needs one (through useControlPlane.ts), and by the benchmarks.
 *
 * Guarantees: etcd listens on a socket in the control plane's own folder, so that no other etcd can be met by accident; the
 * API server's port is chosen by the OS; everything is up (`/readyz`, namespace `default`, nodes) when it resolves; no
 * process outlives the test process.
 * Not guaranteed: durability (`--unsafe-no-fsync`), a kubelet, a scheduler: pods live by PATCH of their status.
 *
 * Source: https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiRequest, connectApi } from './connectApi.ts';
import { createNodes } from './createNodes.ts';
import { findAssets, missingAssetsLine } from './findAssets.ts';
import { type Kubectl, useKubectl } from './kubectl.ts';
import { type RunningProcess, startProcess } from './startProcess.ts';
import { writeCredentials } from './writeCredentials.ts';

export interface ControlPlaneOptions {
  /** kube-controller-manager with the controllers that zen-lead meets (default true). */
  readonly controllerManager?: boolean;
  /** `--service-cluster-ip-range`; the first family is the cluster's primary one. Dual-stack, IPv4 first, by default. */
  readonly serviceCidrs?: string;
}

export interface ControlPlane {
  readonly url: string;
  /** Bearer token of a cluster administrator. */
  readonly token: string;
  /** PEM file of the certificate authority. */
  readonly caFile: string;
  /** Path of a kubeconfig for an administrator. */
  readonly kubeconfig: string;
  /** Everything of this control plane, logs included. */
  readonly directory: string;
  readonly kubectl: Kubectl;
  /** One request to the API, as what a kubelet or a test driver would send. */
  readonly request: ApiRequest;
  stopApiServer(signal?: NodeJS.Signals): Promise<void>;
  /** On the same port, against the same etcd. */
  startApiServer(): Promise<void>;
  /** Ends all of it. The folder goes too, unless its logs are wanted. */
  stop(options?: { readonly keepLogs?: boolean }): Promise<void>;
}

/** Controllers whose objects zen-lead meets: endpoints and slices, garbage collection by owner, deletion of namespaces. */
const controllers = [
  'endpoints-controller',
  'endpointslice-controller',
  'endpointslice-mirroring-controller',
  'garbage-collector-controller',
  'namespace-controller',
];

/** Up in 3 s on an idle machine with two cores; the rest is for a busy one. */
const startTimeoutMs = 60_000;
/** Another process may take a port between its choice and its use. */
const portAttempts = 3;

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const assets = findAssets(process.env);
  if (assets === null) throw new Error(missingAssetsLine);
  const directory = mkdtempSync(join(tmpdir(), 'zen-lead-e2e-'));
  const credentials = writeCredentials(directory);
  const running = new Map<string, RunningProcess>();
  const start = (name: string, command: string, args: readonly string[]): RunningProcess => {
    const started = startProcess({ name, command, args, directory });
    running.set(name, started);
    return started;
  };

  // `host:port` is what etcd asks for even of a Unix socket; the file is then named `client.sock:0`.
  start('etcd', assets.etcd, [
    '--data-dir=etcd',
    '--unsafe-no-fsync',
    '--log-level=error',
    '--listen-client-urls=unix://client.sock:0',
    '--advertise-client-urls=unix://client.sock:0',
    '--listen-peer-urls=unix://peer.sock:0',
    '--initial-advertise-peer-urls=unix://peer.sock:0',
    '--initial-cluster=default=unix://peer.sock:0',
  ]);
  const startApiServerOn = (port: number) =>
    start('kube-apiserver', assets['kube-apiserver'], [
      `--etcd-servers=unix://${directory}/client.sock:0`,
      `--secure-port=${port}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      '--endpoint-reconciler-type=none', // it would refuse to publish a loopback address, again and again
      '--cert-dir=certs',
      `--service-cluster-ip-range=${options.serviceCidrs ?? '10.96.0.0/16,fd00:10:96::/112'}`,
      '--authorization-mode=RBAC',
      `--token-auth-file=${credentials.tokenFile}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${credentials.serviceAccountKeyFile}`,
      `--service-account-signing-key-file=${credentials.serviceAccountKeyFile}`,
      '--disable-admission-plugins=ServiceAccount', // bare pods, in namespaces where no controller makes an account
    ]);

  const caFile = join(directory, 'certs', 'apiserver.crt');
  const ready = async (port: number): Promise<ApiRequest | null> => {
    const apiServer = startApiServerOn(port);
    const deadlineAt = Date.now() + startTimeoutMs;
    while (Date.now() < deadlineAt) {
      if (apiServer.ended() !== undefined) return null;
      const api = connectApi(`https://127.0.0.1:${port}`, credentials.token, caFile);
      if (api !== null && (await isReady(api))) return api;
      await sleep(100);
    }
    return null;
  };
  const stop = async ({ keepLogs = false } = {}): Promise<void> => {
    // Nothing in here is worth a graceful end.
    await Promise.all([...running.values()].map((process) => process.stop('SIGKILL')));
    if (keepLogs) console.log(`e2e: logs of the control plane are kept in ${directory}`);
    else rmSync(directory, { recursive: true, force: true });
  };

  let port = 0;
  let request: ApiRequest | null = null;
  for (let attempt = 0; attempt < portAttempts && request === null; attempt += 1) {
    port = await chooseFreePort();
    request = await ready(port);
  }
  if (request === null) {
    const lastLines = running.get('kube-apiserver')?.log().split('\n').slice(-5).join('\n');
    await stop({ keepLogs: true });
    throw new Error(`kube-apiserver did not become ready: ${lastLines}`);
  }
  const url = `https://127.0.0.1:${port}`;
  const kubeconfig = credentials.writeKubeconfig(url, caFile);
  await createNodes(request);
  if (options.controllerManager !== false) {
    start('kube-controller-manager', assets['kube-controller-manager'], [
      `--kubeconfig=${kubeconfig}`,
      `--controllers=${controllers.join(',')}`,
      '--leader-elect=false',
      '--secure-port=0',
      '--kube-api-qps=500', // the default of 20 would make the suite wait for the controllers, not for zen-lead
      '--kube-api-burst=1000',
    ]);
  }

  return {
    url,
    token: credentials.token,
    caFile,
    kubeconfig,
    directory,
    kubectl: useKubectl(assets.kubectl, kubeconfig, directory),
    request,
    async stopApiServer(signal = 'SIGKILL') {
      // Asked politely it waits for its watches to end, for up to a minute.
      await running.get('kube-apiserver')?.stop(signal, 3_000);
    },
    async startApiServer() {
      if ((await ready(port)) === null) throw new Error('kube-apiserver did not come back on its port');
    },
    stop,
  };
}

async function isReady(request: ApiRequest): Promise<boolean> {
  try {
    await request('GET', '/readyz');
    await request('GET', '/api/v1/namespaces/default');
    return true;
  } catch {
    return false; // not up yet; the caller has a deadline
  }
}

async function chooseFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port on 127.0.0.1');
  return address.port;
}
