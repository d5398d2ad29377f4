/**
 * Reads one watch request line by line, as JSON.
 *
 * Source:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */

import { readFileSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { ControlPlane } from './startControlPlane.ts';

/** `kubectl proxy` on a socket of this machine, which adds the credentials. */
interface ProxySocket {
  readonly url: string;
  readonly socketPath: string;
}

/**
 * Resolves once the watch is open. An API server that has just begun to store a kind puts it off
 * (429, "storage is (re)initializing"). `path` has a query already (`…?labelSelector=…`), or ends
 * in `?`. Ends when the signal is aborted or the server ends the watch.
 */
export async function watchLines(
  server: Pick<ControlPlane, 'url' | 'token' | 'caFile'> | ProxySocket,
  path: string,
  signal: AbortSignal,
): Promise<AsyncIterable<unknown>> {
  // The body has no time limit, because a quiet watch is a good watch.
  const connect =
    'socketPath' in server ? { socketPath: server.socketPath } : { ca: readFileSync(server.caFile, 'utf8') };
  const dispatcher = new Agent({ connect, bodyTimeout: 0 });
  const headers = 'token' in server ? { authorization: `Bearer ${server.token}` } : {};
  const open = () => request(`${server.url}${path}&watch=1`, { dispatcher, signal, headers });
  let answer = await open();
  while (answer.statusCode === 429) {
    await answer.body.dump();
    await sleep(Number(answer.headers['retry-after'] ?? 1) * 1_000, undefined, { signal });
    answer = await open();
  }
  if (answer.statusCode !== 200) throw new Error(`watch ${path}: ${await answer.body.text()}`);

  async function* lines(): AsyncGenerator<unknown> {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    try {
      for await (const chunk of answer.body) {
        const parts = (rest + decoder.write(chunk)).split('\n');
        rest = parts.pop() ?? '';
        for (const line of parts) yield JSON.parse(line);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await dispatcher.destroy();
    }
  }
  return lines();
}
