/**
 * Serves Knative's Ingress objects, as Kourier, Contour or Istio do for a real installation, in a
 * file small enough to read. Runs as a pod (ingress.yaml), on a plain Node, without a dependency.
 *
 * It reads every Ingress of its class and proxies each host to one of its splits, with the headers
 * that Knative asks for. It writes the status that makes the Route Ready, with its own Service as
 * the cluster-local load balancer.
 * Does not guarantee retries, TLS, path rules or header rules. A connection that fails is a 503.
 *
 * Source: knative.dev/networking pkg/apis/networking/v1alpha1/ingress_types.go;
 * https://knative.dev/docs/serving/architecture/
 */

import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

interface Split {
  readonly serviceName: string;
  readonly serviceNamespace: string;
  readonly servicePort: number | string;
  readonly percent?: number;
  readonly appendHeaders?: Readonly<Record<string, string>>;
}
interface Path {
  readonly splits: readonly Split[];
  readonly appendHeaders?: Readonly<Record<string, string>>;
}
interface Ingress {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly generation: number;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly rules?: readonly {
      readonly hosts: readonly string[];
      readonly http: { readonly paths: readonly Path[] };
    }[];
  };
  readonly status?: { readonly observedGeneration?: number };
}

const ingressClass = 'zen-lead-test.ingress.networking.knative.dev';
const classAnnotation = 'networking.knative.dev/ingress.class';
const group = '/apis/networking.internal.knative.dev/v1alpha1';
const self = 'ingress.zen-lead-ingress.svc.cluster.local';
const account = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Time between two reads: a new revision gets its traffic this much later than with a watch. */
const readEveryMs = 200;

let paths: ReadonlyMap<string, Path> = new Map();
const api = new https.Agent({ keepAlive: true, ca: readFileSync(`${account}/ca.crt`) });
const upstream = new http.Agent({ keepAlive: true, maxSockets: 512 });

http.createServer(proxy).listen(8080);
while (true) {
  try {
    await readIngresses();
  } catch (error) {
    console.error(String(error)); // the API server is away: what was read last still counts
  }
  await sleep(readEveryMs);
}

async function readIngresses(): Promise<void> {
  const list: { items: Ingress[] } = JSON.parse(await call('GET', `${group}/ingresses`));
  const ours = list.items.filter(({ metadata }) => metadata.annotations?.[classAnnotation] === ingressClass);
  const rules = ours.flatMap(({ spec }) => spec.rules ?? []);
  paths = new Map(
    rules.flatMap(
      ({
        hosts,
        http: {
          paths: [path],
        },
      }) => (path === undefined ? [] : hosts.map((host) => [host, path] as const)),
    ),
  );
  for (const ingress of ours) {
    if (ingress.status?.observedGeneration !== ingress.metadata.generation) await writeStatus(ingress);
  }
}

async function writeStatus({ metadata: { namespace, name, generation } }: Ingress): Promise<void> {
  const loadBalancer = { ingress: [{ domainInternal: self }] };
  const lastTransitionTime = new Date().toISOString();
  const conditions = ['LoadBalancerReady', 'NetworkConfigured', 'Ready'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime,
  }));
  const status = {
    observedGeneration: generation,
    conditions,
    publicLoadBalancer: loadBalancer,
    privateLoadBalancer: loadBalancer,
  };
  await call('PATCH', `${group}/namespaces/${namespace}/ingresses/${name}/status`, JSON.stringify({ status }));
}

function call(method: string, path: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      // Read every time, because the kubelet replaces it.
      authorization: `Bearer ${readFileSync(`${account}/token`, 'utf8')}`,
      ...(body !== undefined && { 'content-type': 'application/merge-patch+json' }),
    };
    const options = { method, path, headers, agent: api, host: process.env['KUBERNETES_SERVICE_HOST'], timeout: 5_000 };
    const request = https.request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 200)}`));
      });
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
    request.end(body);
  });
}

function proxy(incoming: http.IncomingMessage, outgoing: http.ServerResponse): void {
  if (incoming.url === '/readyz-of-the-ingress') {
    outgoing.writeHead(200).end();
    return;
  }
  const host = incoming.headers.host?.split(':')[0] ?? '';
  const path = paths.get(host);
  const split = path === undefined ? undefined : choose(path.splits);
  if (path === undefined || split === undefined) {
    outgoing.writeHead(404).end(`no Ingress for ${host}\n`);
    return;
  }
  const headers = { ...incoming.headers, ...path.appendHeaders, ...split.appendHeaders, 'x-forwarded-proto': 'http' };
  const target = { host: `${split.serviceName}.${split.serviceNamespace}.svc.cluster.local`, port: 80 };
  const { method = 'GET', url = '/' } = incoming;
  const request = http.request({ ...target, method, path: url, headers, agent: upstream }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
    response.on('error', () => outgoing.destroy());
  });
  request.on('error', () => {
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(503).end('the upstream cannot be reached\n');
  });
  // A client that has gone needs no answer, so the function stops too.
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) request.destroy();
  });
  incoming.pipe(request);
}

function choose(splits: readonly Split[]): Split | undefined {
  let left = Math.random() * 100;
  for (const split of splits) {
    left -= split.percent ?? 100;
    if (left < 0) return split;
  }
  return splits.at(-1);
}
