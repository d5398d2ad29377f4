/**
 * Cluster: the handle on a running cluster that the stories use. The cluster is one for the whole run; each test file attaches to it.
 */

import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Pool } from 'undici';
import { type RunningProcess, startProcess } from '../support/programs/startProcess.ts';

export interface Cluster {
  /** Logs, images, everything. */
  readonly directory: string;
  /** Pid 1 of its namespaces. */
  readonly pid: number;
  /** Inside the cluster's namespaces, on its node; resolves to standard output. */
  run(command: string, ...args: readonly string[]): Promise<string>;
  /** Inside the cluster's namespaces; runs until it is stopped. */
  start(name: string, command: string, ...args: readonly string[]): RunningProcess;
  kubectl(...args: readonly string[]): Promise<string>;
  /** `kubectl apply --server-side -f -` */
  apply(manifest: string, ...args: readonly string[]): Promise<string>;
  /** `kubectl delete -f -`, of what is there; waits for nothing. */
  remove(manifest: string): Promise<string>;
  /** The parsed body of a 2xx; anything else rejects. */
  request(method: string, path: string, body?: object): Promise<unknown>;
  /** Into containerd, from a tar. */
  loadImage(tar: string): Promise<void>;
}

const execute = promisify(execFile);
/** `kubectl rollout status` is the longest. */
const commandTimeoutMs = 180_000;
const requestTimeoutMs = 10_000;

export function attachCluster(directory: string, pid: number): Cluster {
  // --pid needs a fork, which nsenter makes by itself.
  const enter = ['--target', String(pid), '--net', '--mount', '--pid', '--'];
  const env = {
    ...process.env,
    KUBECONFIG: resolve(import.meta.dirname, 'node/kubeconfig'),
    KUBECACHEDIR: join(directory, 'kubectl'),
  };
  const api = new Pool('http://localhost', { socketPath: join(directory, 'api.sock'), connections: 16 });

  const run = async (input: string, command: string, args: readonly string[]): Promise<string> => {
    const options = { env, timeout: commandTimeoutMs, maxBuffer: 64 * 1024 * 1024 };
    const child = execute('nsenter', [...enter, command, ...args], options);
    child.child.stdin?.on('error', () => {}); // it exited without reading; its exit code says so
    child.child.stdin?.end(input);
    return (await child).stdout;
  };

  return {
    directory,
    pid,
    run: (command, ...args) => run('', command, args),
    start: (name, command, ...args) =>
      startProcess({ name, command: 'nsenter', args: [...enter, command, ...args], directory, environment: env }),
    kubectl: (...args) => run('', 'kubectl', args),
    apply: (manifest, ...args) =>
      run(manifest, 'kubectl', ['apply', '--server-side', '--force-conflicts', ...args, '-f', '-']),
    remove: (manifest) =>
      run(manifest, 'kubectl', ['delete', '--ignore-not-found', '--wait=false', '--grace-period=1', '-f', '-']),
    async request(method, path, body) {
      const { statusCode, body: answer } = await api.request({
        method,
        path,
        signal: AbortSignal.timeout(requestTimeoutMs),
        ...(body !== undefined && {
          body: JSON.stringify(body),
          headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
        }),
      });
      const text = await answer.text();
      if (statusCode < 200 || statusCode > 299) throw new Error(`${method} ${path}: ${statusCode} ${text}`);
      return JSON.parse(text);
    },
    async loadImage(tar) {
      await run('', 'ctr', ['-a', '/run/containerd/c.sock', '-n', 'k8s.io', 'images', 'import', tar]);
    },
  };
}
