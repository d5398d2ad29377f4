/**
 * Starts a real control plane on loopback: etcd, kube-apiserver and kube-controller-manager.
 *
 * Guarantees: etcd listens on a socket in the control plane's own folder, so no client meets
 * another etcd by accident. The operating system chooses the API server's port. Everything is up
 * (`/readyz`, namespace `default`, nodes) when it resolves. No process outlives the test process.
 * Does not guarantee durability (`--unsafe-no-fsync`), and has no kubelet and no scheduler: tests
 * write the status of pods.
 *
 * Source: https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
 */

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningProcess, startProcess } from '../programs/startProcess.ts';
import { chooseFreePort } from './chooseFreePort.ts';
import { type ApiRequest, connectApi } from './connectApi.ts';
import { apiServerFlags, controllerManagerFlags, etcdFlags } from './controlPlaneFlags.ts';
import { createNodes } from './createNodes.ts';
import { type ReadMetric, startExternalMetrics } from './externalMetrics.ts';
import { findAssets, missingAssetsLine } from './findAssets.ts';
import { type Kubectl, useKubectl } from './kubectl.ts';
import { writeAuditPolicy } from './writeAuditPolicy.ts';
import { writeCredentials } from './writeCredentials.ts';

export interface ControlPlaneOptions {
  /** Starts kube-controller-manager with the controllers that zen-lead meets (default true). */
  readonly controllerManager?: boolean;
  /** The Job controller is among them (default false). */
  readonly jobs?: boolean;
  /** The controllers of Deployments, StatefulSets and HPAs are among them (default false). */
  readonly workloads?: boolean;
  /** What a metrics adapter answers the HPA controller (default: there is none). */
  readonly readMetric?: ReadMetric;
  /**
   * `--service-cluster-ip-range`; its first family is the cluster's primary one. Dual-stack, IPv4
   * first, by default.
   */
  readonly serviceCidrs?: string;
  /**
   * Keeps every write, for `readAuditedWrites`, or what the policy in this file says (default
   * false).
   */
  readonly audit?: boolean | string;
  /** Serves MutatingAdmissionPolicy (default false). */
  readonly mutatingPolicies?: boolean;
}

export interface ControlPlane {
  readonly url: string;
  /** Bearer token of a cluster administrator. */
  readonly token: string;
  /** PEM file of the certificate authority. */
  readonly caFile: string;
  /** Path of a kubeconfig for an administrator. */
  readonly kubeconfig: string;
  /** Folder of everything that belongs to this control plane, logs included. */
  readonly directory: string;
  readonly kubectl: Kubectl;
  /** Sends one request to the API, as a kubelet or a test driver would. */
  readonly request: ApiRequest;
  stopApiServer(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it on the same port, against the same etcd. */
  startApiServer(): Promise<void>;
  /**
   * Copies etcd's data. The returned function restores that copy, as an administrator restores a
   * backup. The API server is down meanwhile.
   */
  backUpEtcd(): Promise<() => Promise<void>>;
  /** Ends all programs, and removes the folder unless its logs are wanted. */
  stop(options?: { readonly keepLogs?: boolean }): Promise<void>;
}

/** An idle machine with two cores takes 3 s; the rest is for a busy one. */
const startTimeoutMs = 60_000;
/** After SIGTERM, kube-apiserver waits up to a minute for its watches to end. */
const stopPatienceMs = 3_000;
/** Another process may take a port between its choice and its use. */
const portAttempts = 3;

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const assets = findAssets(process.env);
  if (assets === null) throw new Error(missingAssetsLine);
  const directory = mkdtempSync(join(tmpdir(), 'zen-lead-e2e-'));
  const credentials = writeCredentials(directory);
  const caFile = join(directory, 'certs', 'apiserver.crt');
  const apiServerSetting = {
    directory,
    credentials,
    serviceCidrs: options.serviceCidrs ?? '10.96.0.0/16,fd00:10:96::/112',
    auditPolicyFile: options.audit === true ? writeAuditPolicy(directory) : options.audit || null,
    mutatingPolicies: options.mutatingPolicies === true,
  };
  const running = new Map<string, RunningProcess>();
  let port = 0;
  const start = (name: keyof typeof assets, args: readonly string[]): RunningProcess => {
    const started = startProcess({ name, command: assets[name], args, directory });
    running.set(name, started);
    return started;
  };

  /** Null when it ended, or was not ready in time. */
  async function startApiServerOn(port: number): Promise<ApiRequest | null> {
    const apiServer = start('kube-apiserver', apiServerFlags({ ...apiServerSetting, port }));
    const deadlineAt = Date.now() + startTimeoutMs;
    while (Date.now() < deadlineAt && apiServer.ended() === undefined) {
      const api = connectApi(`https://127.0.0.1:${port}`, credentials.token, caFile);
      if (api !== null && (await isReady(api))) return api;
      await sleep(100);
    }
    await apiServer.stop('SIGKILL');
    return null;
  }

  async function startApiServerAgain(): Promise<void> {
    if ((await startApiServerOn(port)) === null) throw new Error('kube-apiserver did not come back on its port');
  }

  async function whileEtcdIsDown(work: () => void): Promise<void> {
    await running.get('kube-apiserver')?.stop('SIGKILL');
    await running.get('etcd')?.stop('SIGTERM');
    work();
    start('etcd', etcdFlags());
    await startApiServerAgain();
  }

  async function stop({ keepLogs = false } = {}): Promise<void> {
    // Nothing in here needs a graceful end.
    await Promise.all([...running.values()].map((process) => process.stop('SIGKILL')));
    if (keepLogs) console.log(`e2e: logs of the control plane are kept in ${directory}`);
    else rmSync(directory, { recursive: true, force: true });
  }

  start('etcd', etcdFlags());
  let request: ApiRequest | null = null;
  for (let attempt = 0; attempt < portAttempts && request === null; attempt += 1) {
    port = await chooseFreePort();
    request = await startApiServerOn(port);
  }
  if (request === null) {
    const lastLines = running.get('kube-apiserver')?.log().split('\n').slice(-5).join('\n');
    await stop({ keepLogs: true });
    throw new Error(`kube-apiserver did not become ready: ${lastLines}`);
  }
  const url = `https://127.0.0.1:${port}`;
  const kubeconfig = credentials.writeKubeconfig(url, caFile);
  await createNodes(request);
  const managerKubeconfig =
    options.readMetric === undefined
      ? kubeconfig
      : credentials.writeKubeconfig(
          await startExternalMetrics({ url, caFile, token: credentials.token }, options.readMetric),
          caFile,
          'controller-manager.kubeconfig',
        );
  if (options.controllerManager !== false)
    start('kube-controller-manager', controllerManagerFlags(managerKubeconfig, options));

  return {
    url,
    token: credentials.token,
    caFile,
    kubeconfig,
    directory,
    kubectl: useKubectl(assets.kubectl, kubeconfig, directory),
    request,
    async stopApiServer(signal = 'SIGKILL') {
      await running.get('kube-apiserver')?.stop(signal, stopPatienceMs);
    },
    startApiServer: startApiServerAgain,
    async backUpEtcd() {
      const [data, backup] = [join(directory, 'etcd'), join(directory, 'etcd-backup')];
      await whileEtcdIsDown(() => cpSync(data, backup, { recursive: true }));
      return () =>
        whileEtcdIsDown(() => {
          rmSync(data, { recursive: true });
          cpSync(backup, data, { recursive: true });
        });
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
