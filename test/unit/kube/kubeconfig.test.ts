import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadClusterAccess } from '../../../lib/kube/kubeconfig.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

const aKubeconfig = (parts: { cluster?: string; user?: string; context?: string; current?: string } = {}) => `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {${parts.cluster ?? 'server: "https://10.0.0.1:6443/"'}}}]
users: [{name: u, user: {${parts.user ?? 'token: secret'}}}]
contexts: [{name: x, context: {${parts.context ?? 'cluster: c, user: u, namespace: team'}}}]
current-context: ${parts.current ?? 'x'}
`;

describe('loadClusterAccess with a kubeconfig', () => {
  it('reads server, namespace and token of the current context', async () => {
    const kubeconfigPath = await write('token', aKubeconfig());
    const access = await loadClusterAccess({ kubeconfigPath, serviceHost: '10.96.0.1' });
    expect(access).toMatchObject({ server: 'https://10.0.0.1:6443', namespace: 'team' });
    expect(access.origin).toContain(kubeconfigPath);
    expect((await access.readCredentials(false)).headers).toEqual({ authorization: 'Bearer secret' });
  });

  it('reads CA, client certificate, key and tls-server-name', async () => {
    const data = (text: string) => Buffer.from(text).toString('base64');
    const kubeconfigPath = await write(
      'cert',
      aKubeconfig({
        cluster: `server: "https://h:1", certificate-authority-data: ${data('CA')}, tls-server-name: api.example`,
        user: `client-certificate-data: ${data('CERT')}, client-key-data: ${data('KEY')}`,
      }),
    );
    const { tls } = await (await loadClusterAccess({ kubeconfigPath })).readCredentials(false);
    expect(tls).toEqual({ ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'api.example' });
  });

  it('skips the verification only where the kubeconfig says so', async () => {
    const cluster = 'server: "https://h:1", insecure-skip-tls-verify: true';
    const kubeconfigPath = await write('insecure', aKubeconfig({ cluster }));
    const { tls } = await (await loadClusterAccess({ kubeconfigPath })).readCredentials(false);
    expect(tls).toEqual({ rejectUnauthorized: false });
  });

  it('takes plain HTTP, a path in the URL, and a context without user', async () => {
    const kubeconfigPath = await write(
      'plain',
      aKubeconfig({ cluster: 'server: "http://127.0.0.1:8001/k8s/c1/"', context: 'cluster: c' }),
    );
    const access = await loadClusterAccess({ kubeconfigPath });
    expect(access.server).toBe('http://127.0.0.1:8001/k8s/c1');
    expect((await access.readCredentials(false)).headers).toEqual({});
  });

  it('asks an exec plugin, and again only when its credential was refused', async () => {
    const counter = join(directory, 'runs');
    const plugin = await write(
      'plugin.sh',
      `echo run >> ${counter}
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'"$(wc -l < ${counter} | tr -d ' ')"'"}}'`,
    );
    const user = `exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: [${plugin}]}`;
    const access = await loadClusterAccess({ kubeconfigPath: await write('exec', aKubeconfig({ user })) });
    expect((await access.readCredentials(false)).headers).toEqual({ authorization: 'Bearer 1' });
    expect((await access.readCredentials(false)).headers).toEqual({ authorization: 'Bearer 1' });
    expect((await access.readCredentials(true)).headers).toEqual({ authorization: 'Bearer 2' });
  });

  it.each<[string, string, RegExp]>([
    ['not YAML', '{', /is not a kubeconfig/],
    ['empty', '', /is not a kubeconfig/],
    ['a context that is not there', aKubeconfig({ current: 'y' }), /current-context y is not among the contexts/],
    ['no current context', aKubeconfig({ current: '' }), /current-context is not set/],
    ['a cluster that is not there', aKubeconfig({ context: 'cluster: d, user: u' }), /not among the clusters/],
    [
      'a server that is not a URL',
      aKubeconfig({ cluster: 'server: "10.0.0.1"' }),
      /clusters\[c\]\.server: expected a URL/,
    ],
    ['a proxy', aKubeconfig({ cluster: 'server: "https://h", proxy-url: "http://p"' }), /proxies are not supported/],
  ])('refuses a kubeconfig with %s, naming the file', async (what, text, message) => {
    const kubeconfigPath = await write(`bad-${what.replaceAll(' ', '-')}`, text);
    const loaded = loadClusterAccess({ kubeconfigPath });
    await expect(loaded).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) });
    await expect(loaded).rejects.toThrow(kubeconfigPath);
  });

  it('refuses a file that is not there', async () => {
    const kubeconfigPath = join(directory, 'missing');
    await expect(loadClusterAccess({ kubeconfigPath })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('loadClusterAccess without --kubeconfig', () => {
  it('prefers the service account, whose token and CA it reads from disk each time', async () => {
    await write('token', 'one\n');
    await write('ca.crt', 'CA1\n');
    await write('namespace', 'pod-ns');
    const access = await loadClusterAccess({
      serviceHost: 'fd00::1',
      servicePort: '443',
      serviceAccountDirectory: directory,
      kubeconfigVariable: '/nowhere',
    });
    expect(access).toMatchObject({ server: 'https://[fd00::1]:443', origin: 'service account', namespace: 'pod-ns' });
    await write('token', 'two\n');
    await write('ca.crt', 'CA2\n');
    expect(await access.readCredentials(false)).toEqual({
      headers: { authorization: 'Bearer two' },
      tls: { ca: 'CA2' },
    });
  });

  it('says which mounted file is missing', async () => {
    const serviceAccountDirectory = join(directory, 'not-mounted');
    const loaded = loadClusterAccess({ serviceHost: '10.96.0.1', serviceAccountDirectory });
    await expect(loaded).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('token') });
  });

  it('merges the files of KUBECONFIG, the first current-context first', async () => {
    const first = await write('first', aKubeconfig({ current: 'x' }));
    const second = await write(
      'second',
      aKubeconfig()
        .replaceAll(/name: ([cux])/g, 'name: $12')
        .replace('current-context: x', 'current-context: x2'),
    );
    const access = await loadClusterAccess({ kubeconfigVariable: `${first}:${second}:` });
    expect(access.origin).toContain('context x');
    expect(access.origin).not.toContain('context x2');
  });

  it('names the places that it tried when there is nothing', async () => {
    await expect(loadClusterAccess({ homeDirectory: join(directory, 'home') })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(join(directory, 'home', '.kube', 'config')),
    });
  });
});
