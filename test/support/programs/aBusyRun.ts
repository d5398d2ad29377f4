/**
 * Makes a real run that moves every metric. `zen-lead run` goes through a failover, a conflict,
 * refusals of the API and ports that no pod has. Functions get hints and nonsense. A bridge has a
 * sink that refuses.
 */

import { createServer } from 'node:http';
import { expect, onTestFinished } from 'vitest';
import type { EmbeddedApiServer } from '../../../apiserver/startApiServer.ts';
import { listenOnLoopback } from '../../../cli/demo/cluster/podNetwork.ts';
import { aPodStatus } from '../objects/aPodManifest.ts';
import { aKubeconfig } from './aKubeconfig.ts';
import { readUrl, startProgram } from './startProgram.ts';

const PODS = '/api/v1/namespaces/shop/pods';
const SERVICES = '/api/v1/namespaces/shop/services';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices';

export interface BusyRun {
  readonly server: EmbeddedApiServer;
  /** Base URLs of `/metrics`. */
  readonly urls: { readonly run: string; readonly functions: string; readonly bridge: string };
  writeReady(pod: string, isReady: boolean): Promise<void>;
  /** Addresses that `<service>-leader` routes to. */
  readRoute(service: string): Promise<readonly string[]>;
}

export async function aBusyRun(): Promise<BusyRun> {
  const { server, kubeconfig, request } = await aKubeconfig();
  const writeReady = (pod: string, isReady: boolean) => writePodStatus(request, pod, isReady);

  await request('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
  for (const pod of ['db-0', 'db-1']) {
    const spec = { containers: [{ name: 'db', image: 'db' }] };
    await request('POST', PODS, { metadata: { name: pod, labels: { app: 'db' } }, spec });
    await writeReady(pod, true);
  }
  await createService(request, 'db', { 'zen-lead.io/strategy': 'nonsense' }, 5432);
  await createService(request, 'web', {}, 'http');

  const cluster = ['--kubeconfig', kubeconfig, '--port', '0'];
  // On a busy machine an attempt that is given up may still have written, and what it wrote is not
  // counted then.
  const patient = ['--attempt-timeout-ms', '20000', '--hint-timeout-ms', '20000'];
  const run = await readUrl(startProgram(['run', ...cluster, ...patient]));
  const functions = (await readUrl(startProgram(['functions', ...cluster]))).replace('0.0.0.0', '127.0.0.1');
  const bridge = await readUrl(startProgram(['bridge', ...cluster, '--sink', await aRefusingSink()]));
  const busy: BusyRun = {
    server,
    urls: { run, functions, bridge },
    writeReady,
    async readRoute(service) {
      const slice = (await request('GET', `${SLICES}/${service}-leader-ipv4`)) as {
        endpoints?: { addresses: string[] }[];
      };
      return (slice.endpoints ?? []).flatMap(({ addresses }) => addresses);
    },
  };
  await goThroughTrouble(busy);
  await post(functions, 'nonsense');
  await post(functions, JSON.stringify(aHint()));
  return busy;
}

async function goThroughTrouble({ server, readRoute, writeReady }: BusyRun): Promise<void> {
  const isSliceWrite = ({ verb, resource }: { verb: string; resource: string }) =>
    verb === 'patch' && resource === 'endpointslices';
  await expect.poll(() => readRoute('db'), { message: 'the route of db' }).toEqual(['10.0.0.10']);
  // A conflict, after which the state is read afresh. Then a refusal, which fails the reconcile and
  // is tried again.
  server.faults.add({ fault: { kind: 'status', code: 409 }, matches: isSliceWrite, times: 1 });
  await writeReady('db-0', false);
  await expect.poll(() => readRoute('db'), { message: 'the route of db' }).toEqual(['10.0.0.11']);
  server.faults.add({ fault: { kind: 'status', code: 500 }, matches: isSliceWrite, times: 1 });
  await writeReady('db-0', true);
  await writeReady('db-1', false);
  await expect.poll(() => readRoute('db'), { message: 'the route of db' }).toEqual(['10.0.0.10']);
  await writeReady('db-1', true);
  // Every watch ends, and has to list again: longer than the server keeps history. What changed in
  // between is told by no watch line.
  server.cutWatches('end');
  // It has to be one that the bridge keeps of the Service, or nothing was missed.
  const change = { metadata: { annotations: { 'zen-lead.io/min-ready-duration': '0s' } } };
  server.objects.patch({ resource: 'services', namespace: 'shop', name: 'web' }, change);
  server.compact();
}

type Request = (method: string, path: string, body?: object) => Promise<unknown>;

async function writePodStatus(request: Request, pod: string, isReady: boolean): Promise<void> {
  const ip = pod.replace('db-', '10.0.0.1');
  await request('PATCH', `${PODS}/${pod}/status`, { status: aPodStatus({ ready: isReady, ips: [ip] }) });
}

/** `targetPort` "http" is a port that no pod has. */
async function createService(
  request: Request,
  name: string,
  annotations: Readonly<Record<string, string>>,
  targetPort: number | string,
): Promise<void> {
  const metadata = { name, annotations: { 'zen-lead.io/enabled': 'true', ...annotations } };
  await request('POST', SERVICES, { metadata, spec: { selector: { app: 'db' }, ports: [{ port: 5432, targetPort }] } });
}

async function aRefusingSink(): Promise<string> {
  const sink = createServer((_request, response) => response.writeHead(400).end());
  const port = await listenOnLoopback(sink, 0);
  onTestFinished(() => {
    sink.closeAllConnections();
    sink.close();
  });
  return `http://127.0.0.1:${port}`;
}

function aHint(): object {
  return {
    specversion: '1.0',
    id: '1',
    type: 'io.zen-lead.service.modified',
    source: '/clusters/kubernetes',
    subject: 'namespaces/shop/services/db',
  };
}

async function post(url: string, body: string): Promise<void> {
  const headers = { 'content-type': 'application/cloudevents+json' };
  await (await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(30_000) })).text();
}
