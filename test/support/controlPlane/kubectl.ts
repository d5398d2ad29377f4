/**
 * Runs the real kubectl, as a user of the control plane types it.
 */

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface Kubectl {
  /** Resolves to standard output; rejects with standard error on any exit code but 0. */
  (...args: string[]): Promise<string>;
  /** Runs `kubectl <args> -f -` with this on standard input. */
  withInput(input: string, ...args: string[]): Promise<string>;
}

/** `kubectl delete namespace`, with everything in it, takes longest. */
const kubectlTimeoutMs = 60_000;

export function useKubectl(command: string, kubeconfig: string, directory: string): Kubectl {
  const run = async (args: readonly string[], input: string): Promise<string> => {
    // The default discovery cache is keyed by host and port, which another control plane may have
    // had.
    const child = spawn(command, [`--kubeconfig=${kubeconfig}`, `--cache-dir=${directory}/kubectl`, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: kubectlTimeoutMs,
    });
    const exited = new Promise<number | null>((resolve, reject) => {
      child.once('close', resolve);
      child.once('error', reject);
    });
    child.stdin.on('error', () => {}); // it exited without reading; its exit code says so
    child.stdin.end(input);
    const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${errors.trim() || `exit code ${code}`}`);
    return output;
  };
  return Object.assign((...args: string[]) => run(args, ''), {
    withInput: (input: string, ...args: string[]) => run([...args, '-f', '-'], input),
  });
}
