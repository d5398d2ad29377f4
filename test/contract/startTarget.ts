/**
 * Starts the target: the embedded API server in the everyday suite, a real kube-apiserver under
 * vitest.e2e.config.ts.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { startApiServer } from '../../apiserver/startApiServer.ts';
import { type ControlPlane, startControlPlane } from '../support/controlPlane/startControlPlane.ts';
import { connectTarget } from './connectTarget.ts';
import type { Target } from './target.ts';

export function startTarget(): Promise<Target> {
  return process.env['CONTRACT_TARGET'] === 'real' ? startReal() : startEmbedded();
}

async function startEmbedded(): Promise<Target> {
  const server = await startApiServer();
  const dispatcher = new Agent();
  return {
    name: 'embedded',
    ...connectTarget(() => server.url, dispatcher, {}),
    expire: async () => server.compact(),
    async stop() {
      await dispatcher.destroy();
      await server.close();
    },
  };
}

async function startReal(): Promise<Target> {
  const controlPlane = await startControlPlane();
  const connect = { ca: readFileSync(controlPlane.caFile, 'utf8') };
  const dispatcher = new Agent({ connect, bodyTimeout: 0 });
  return {
    name: 'real',
    ...connectTarget(() => controlPlane.url, dispatcher, { authorization: `Bearer ${controlPlane.token}` }),
    expire: () => compact(controlPlane),
    async stop() {
      await dispatcher.destroy();
      await controlPlane.stop();
    },
  };
}

/**
 * etcd forgets the past, and a restart drops the API server's own cache of it.
 * Source: https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/
 */
async function compact(controlPlane: ControlPlane): Promise<void> {
  await controlPlane.stopApiServer();
  const etcd = new Agent({ connect: { socketPath: join(controlPlane.directory, 'client.sock:0') } });
  const call = async (path: string, body: object): Promise<unknown> => {
    const answer = await request(`http://etcd${path}`, {
      method: 'POST',
      dispatcher: etcd,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`etcd ${path}: ${text}`);
    return JSON.parse(text);
  };
  const status = JSON.stringify(await call('/v3/maintenance/status', {}));
  const revision = /"revision":\s*"(\d+)"/.exec(status)?.[1];
  await call('/v3/kv/compaction', { revision, physical: true });
  await etcd.destroy();
  await controlPlane.startApiServer();
}
