/**
 * Attaches to the running cluster. The whole run has one cluster; each test file attaches to it.
 */

import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Pool } from 'undici';
import { type RunningProcess, startProcess } from '../support/programs/startProcess.ts';

export interface Cluster {
  /** Folder of everything that belongs to the cluster: logs, images. */
  readonly directory: string;
  /** Pid 1 of its namespaces. */
  readonly pid: number;
  /** Runs on its node, inside its namespaces; resolves to standard output. */
  run(command: string, ...args: readonly string[]): Promise<string>;
  /** Starts inside its namespaces; runs until it is stopped. */
  start(name: string, command: string, ...args: readonly string[]): RunningProcess;
  kubectl(...args: readonly string[]): Promise<string>;
  /** Runs `kubectl apply --server-side -f -`. */
  apply(manifest: string, ...args: readonly string[]): Promise<string>;
  /** Runs `kubectl delete -f -` for what exists; does not wait. */
  remove(manifest: string): Promise<string>;
  /** Returns the parsed body of a 2xx; rejects on anything else. */
  request(method: string, path: string, body?: object): Promise<unknown>;
  /** Imports a tar into containerd. */
  loadImage(tar: string): Promise<void>;
}

const execute = promisify(execFile);
/** `kubectl rollout status` takes longest. */
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
