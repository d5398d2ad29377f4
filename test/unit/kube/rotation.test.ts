import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { pods, services } from '../../../lib/kube/kubeApi.ts';
import { loadClusterAccess } from '../../../lib/kube/kubeconfig.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';

const fixture = (name: string) => readFile(new URL(`../../fixtures/certificates/${name}`, import.meta.url), 'utf8');
const signal = new AbortController().signal;

let mount = '';
let server: Server;
let acceptedToken = 'one';
let bookmark: () => void = () => {};

beforeEach(async () => {
  mount = await mkdtemp(join(tmpdir(), 'service-account-'));
  await writeFile(join(mount, 'token'), 'one');
  await writeFile(join(mount, 'ca.crt'), await fixture('before.crt'));
  acceptedToken = 'one';
  server = createServer(
    { cert: await fixture('before.crt'), key: await fixture('before.key') },
    (request, response) => {
      if (request.headers.authorization !== `Bearer ${acceptedToken}`) response.writeHead(401).end('{}');
      else if (request.url?.includes('watch=true')) {
        bookmark = () => response.write('{"type":"BOOKMARK"}\n');
        bookmark();
      } else {
        response.end('{"ok":true}');
      }
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(mount, { recursive: true });
});

async function connect() {
  const address = server.address();
  const servicePort = typeof address === 'object' ? address?.port : undefined;
  const sources = { serviceHost: '127.0.0.1', servicePort, serviceAccountDirectory: mount };
  return createKubeApi(await loadClusterAccess(sources), { metrics: createMetrics() });
}

it('follows the token that the kubelet replaced, also for a write', async () => {
  const api = await connect();
  expect(await api.get(services, 'ns', 'db', signal)).toEqual({ ok: true });
  acceptedToken = 'two';
  await writeFile(join(mount, 'token'), 'two');
  expect(await api.mergePatch(services, 'ns', 'db', {}, signal)).toEqual({ ok: true });
  await api.close();
});

it('follows the CA that was replaced, while a watch over the old connection goes on', async () => {
  const api = await connect();
  const lines = api.watch(pods, 'ns', { resourceVersion: '1', timeoutSeconds: 300 }, signal)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toEqual({ type: 'BOOKMARK' });

  server.setSecureContext({ cert: await fixture('after.crt'), key: await fixture('after.key') });
  await writeFile(join(mount, 'ca.crt'), await fixture('after.crt'));
  expect(await api.mergePatch(services, 'ns', 'db', {}, signal)).toEqual({ ok: true });

  bookmark();
  expect((await lines.next()).value).toEqual({ type: 'BOOKMARK' });
  const ended = lines.next();
  server.closeAllConnections();
  await expect(ended).rejects.toMatchObject({ code: 'KUBE_UNAVAILABLE' });
  await api.close();
});

it('refuses a server whose certificate none of our CAs has signed, and says so', async () => {
  const api = await connect();
  server.setSecureContext({ cert: await fixture('after.crt'), key: await fixture('after.key') });
  await expect(api.get(services, 'ns', 'db', signal)).rejects.toMatchObject({
    code: 'KUBE_UNAVAILABLE',
    message: expect.stringMatching(/self-signed certificate/),
  });
  await api.close();
});
