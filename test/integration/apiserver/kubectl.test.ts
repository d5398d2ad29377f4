import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedApiServer, startApiServer } from '../../../apiserver/startApiServer.ts';

const run = promisify(execFile);
const hasKubectl = await run('kubectl', ['version', '--client']).then(
  () => true,
  () => false,
);
if (!hasKubectl) console.log('kubectl: skipped, there is none on PATH');

const manifest = (port: number) => `
apiVersion: v1
kind: Service
metadata: {name: db, labels: {app: db}}
spec:
  selector: {app: db}
  ports:
  - {name: pg, port: ${port}, targetPort: pg}
  - {name: metrics, port: 9187}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, labels: {app: db}}
spec:
  containers:
  - {name: pg, image: "dev.local/postgres:17", ports: [{name: pg, containerPort: 5432}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: dev.local/web}]}
`;

describe.skipIf(!hasKubectl)('stock kubectl', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zen-lead-kubectl-'));
  const kubeconfig = join(directory, 'kubeconfig');
  const file = join(directory, 'app.yaml');
  const environment = { ...process.env, KUBECONFIG: kubeconfig, HOME: directory };
  let server: EmbeddedApiServer;

  beforeAll(async () => {
    server = await startApiServer();
    await server.writeKubeconfig(kubeconfig);
    writeFileSync(file, manifest(5432));
  });
  afterAll(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const kubectl = async (...args: readonly string[]): Promise<string> =>
    (await run('kubectl', args, { env: environment, timeout: 60_000 })).stdout.trimEnd();
  const lines = async (...args: readonly string[]) =>
    (await kubectl(...args)).split('\n').map((line) => line.trim().replace(/ {2,}/g, '  '));

  it('kubectl applies a manifest, the same one again, and a changed one', async () => {
    expect(await lines('apply', '-f', file)).toEqual([
      'service/db created',
      'pod/db-0 created',
      'deployment.apps/web created',
    ]);
    expect(await lines('apply', '-f', file)).toEqual([
      'service/db unchanged',
      'pod/db-0 unchanged',
      'deployment.apps/web unchanged',
    ]);
    writeFileSync(file, manifest(5433));
    expect((await lines('apply', '-f', file))[0]).toBe('service/db configured');
    expect(await kubectl('get', 'service', 'db', '-o', 'jsonpath={.spec.ports[*].port}')).toBe('5433 9187');
  });

  it('kubectl refuses a manifest with a field that does not exist', async () => {
    const wrong = join(directory, 'wrong.yaml');
    writeFileSync(wrong, 'apiVersion: v1\nkind: Service\nmetadata: {name: w}\nspec: {prots: [], ports: [{port: 1}]}\n');
    await expect(kubectl('apply', '-f', wrong)).rejects.toThrow(/strict decoding error: unknown field "spec.prots"/);
  });

  it('kubectl shows tables that people can read', async () => {
    await kubectl(
      'patch',
      'pod',
      'db-0',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"phase":"Running","podIP":"10.0.0.9","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"pg","ready":true,"restartCount":0,"image":"i","imageID":"i"}]}}',
    );
    expect((await lines('get', 'pods'))[0]).toBe('NAME  READY  STATUS  RESTARTS  AGE');
    expect((await lines('get', 'pods', '-o', 'wide'))[1]).toMatch(
      /^db-0 {2}1\/1 {2}Running {2}0 {2}\d+s {2}10\.0\.0\.9 {2}<none>/,
    );
    expect((await lines('get', 'svc'))[1]).toMatch(
      /^db {2}ClusterIP {2}10\.96\.0\.2 {2}<none> {2}5433\/TCP,9187\/TCP {2}\d+s$/,
    );
    expect(await lines('get', 'svc,pods,deploy', '-o', 'name')).toEqual([
      'service/db',
      'pod/db-0',
      'deployment.apps/web',
    ]);
    expect(await kubectl('get', 'namespaces,nodes,endpointslices,endpoints,leases,events,configmaps', '-A')).toContain(
      'default',
    );
  });

  it('kubectl waits for a condition', async () => {
    expect(await kubectl('wait', '--for=condition=Ready', 'pod/db-0', '--timeout=5s')).toBe('pod/db-0 condition met');
  });

  it('kubectl annotates, labels and patches Services and pods', async () => {
    expect(await kubectl('annotate', 'svc', 'db', 'zen-lead.io/enabled=true')).toBe('service/db annotated');
    expect(await kubectl('label', 'pod', 'db-0', 'role=primary')).toBe('pod/db-0 labeled');
    expect(await kubectl('label', 'pod', 'db-0', 'role-')).toBe('pod/db-0 unlabeled');
    expect(await kubectl('patch', 'svc', 'db', '-p', '{"spec":{"ports":[{"port":9187,"name":"stats"}]}}')).toBe(
      'service/db patched',
    );
    expect(await kubectl('patch', 'svc', 'db', '--type=json', '-p', '[{"op":"remove","path":"/spec/ports/0"}]')).toBe(
      'service/db patched',
    );
    const shown = await kubectl(
      'get',
      'svc',
      'db',
      '-o',
      'jsonpath={.spec.ports[*].name} {.metadata.annotations.zen-lead\\.io/enabled}',
    );
    expect(shown).toMatch(/^(stats|pg) true$/);
  });

  it('kubectl edits a Service', async () => {
    const editor = { ...environment, EDITOR: 'sed -i s/app:.db/app:\\ other/' };
    const { stdout } = await run('kubectl', ['edit', 'svc', 'db'], { env: editor, timeout: 60_000 });
    expect(stdout.trim()).toBe('service/db edited');
    expect(await kubectl('get', 'svc', 'db', '-o', 'jsonpath={.spec.selector.app}')).toBe('other');
  });

  it('kubectl describes a Service with its events, and a pod', async () => {
    const { uid } = server.objects.list('services').find(({ metadata }) => metadata.name === 'db')?.metadata ?? {};
    server.objects.create({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'db.1' },
      eventTime: new Date().toISOString().replace('Z', '000Z'), // microseconds
      reportingController: 'zen-lead.io/functions',
      reportingInstance: 'one',
      action: 'Elect',
      reason: 'LeaderElected',
      type: 'Normal',
      note: 'db-0 leads',
      regarding: { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'db', uid },
    });
    const service = await kubectl('describe', 'svc', 'db');
    expect(service).toMatch(/Name:\s+db\n/);
    expect(service).toMatch(/Normal\s+LeaderElected\s+\d+s\s+zen-lead.io\/functions\s+db-0 leads/);
    expect(await kubectl('describe', 'pod', 'db-0')).toMatch(/Status:\s+Running/);
    expect(await kubectl('get', 'events')).toMatch(/Normal\s+LeaderElected\s+service\/db\s+db-0 leads/);
  });

  it('kubectl watches EndpointSlices', async () => {
    const watching = spawn('kubectl', ['get', 'endpointslices', '--watch', '-o', 'name'], { env: environment });
    try {
      const seen = new Promise<string>((resolve) => {
        watching.stdout.once('data', (data) => resolve(String(data).trim()));
      });
      server.objects.create({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'db-leader-ipv4', labels: { 'kubernetes.io/service-name': 'db-leader' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.0.0.9'] }],
        ports: [{ name: 'pg', port: 5432 }],
      });
      expect(await seen).toBe('endpointslice.discovery.k8s.io/db-leader-ipv4');
    } finally {
      watching.kill();
    }
    expect((await lines('get', 'endpointslices'))[1]).toMatch(
      /^db-leader-ipv4 {2}IPv4 {2}5432 {2}10\.0\.0\.9 {2}\d+s$/,
    );
  });

  it('kubectl finds out which resources there are', async () => {
    expect(await kubectl('api-resources', '-o', 'name')).toContain('endpointslices.discovery.k8s.io');
    expect(await kubectl('explain', 'service.spec.ports')).toMatch(/targetPort\s+<IntOrString>/);
    expect(await kubectl('version')).toMatch(/Server Version: v1\.35/);
  });

  it('kubectl says that server-side apply is not served', async () => {
    await expect(kubectl('apply', '--server-side', '-f', file)).rejects.toThrow(/server-side apply is not served/);
  });

  it('kubectl creates an object from a file, deletes it, and waits until it is gone', async () => {
    const namespace = join(directory, 'namespace.yaml');
    writeFileSync(namespace, 'apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n');
    expect(await kubectl('create', '-f', namespace)).toBe('namespace/team created');
    expect(await kubectl('delete', 'namespace', 'team')).toBe('namespace "team" deleted');
    expect(await lines('delete', 'svc/db', 'pod/db-0', 'deploy/web')).toHaveLength(3);
    expect(await kubectl('get', 'all')).toBe('');
  });
});
