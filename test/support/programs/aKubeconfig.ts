/**
 * Starts an embedded API server with a kubeconfig, for the tests that run `zen-lead` as a process.
 * Both end with the test.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type EmbeddedApiServer, startApiServer } from '../../../apiserver/startApiServer.ts';

interface KubeconfigOfServer {
  readonly server: EmbeddedApiServer;
  /** Path of the file. */
  readonly kubeconfig: string;
  /**
   * Sends one request, as a user would. Resolves to the body, also of a 404. Rejects on every other
   * refusal. A patch is a merge patch.
   */
  request(method: string, path: string, body?: object): Promise<unknown>;
}

export async function aKubeconfig(port = 0): Promise<KubeconfigOfServer> {
  const server = await startApiServer({ port });
  onTestFinished(() => server.close());
  const kubeconfig = join(aDirectory(), 'kubeconfig');
  await server.writeKubeconfig(kubeconfig);
  return {
    server,
    kubeconfig,
    async request(method, path, body) {
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
    },
  };
}

/** Deleted with the test. */
export function aDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'zen-lead-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}
