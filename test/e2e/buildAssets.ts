/**
 * Builds the programs of the e2e suite from their published Go modules, with the ordinary `go` client. Called by assets.ts.
 *
 * Guarantees: a program is there whole or not at all (it is renamed into place); what is there already is kept.
 * Not guaranteed: speed. With nothing cached, two cores need about 80 s for etcd, 280 s for kube-apiserver and 105 s for
 * kube-controller-manager; with Go's own build cache warm, seconds.
 *
 * Source: https://go.dev/ref/mod#go-mod-file-replace; https://github.com/kubernetes/kubernetes/issues/79384 (why
 * k8s.io/kubernetes as a dependency needs a replace for each of its libraries)
 */

import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assetsDirectory, type Environment, findProgram, programs, versions } from './findAssets.ts';

const run = promisify(execFile);
/** A cold kube-apiserver took 280 s on two idle cores; six times that is a machine that will not finish. */
const buildTimeoutMs = 30 * 60_000;
/** The only language version that matters is each library's own; this one is the least that Kubernetes 1.35 accepts. */
const goLine = 'go 1.25.0';

/** False: there is no Go to build with. */
export async function buildAssets(
  environment: Environment,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await hasGo(signal))) return false;
  const directory = assetsDirectory(environment);
  mkdirSync(directory, { recursive: true });
  const missing = programs.filter((name) => findProgram(name, environment) === null);
  const work = mkdtempSync(join(tmpdir(), 'zen-lead-assets-'));
  try {
    for (const [index, name] of missing.entries()) {
      const startedAt = Date.now();
      const step = `${name} (${index + 1} of ${missing.length})`;
      say(`e2e assets: building ${step}; minutes when nothing is cached`);
      const progress = setInterval(() => say(`e2e assets: building ${step}, ${elapsed(startedAt)}`), 30_000);
      try {
        await build(name, work, directory, signal);
      } finally {
        clearInterval(progress);
      }
      say(`e2e assets: built ${step} in ${elapsed(startedAt)}`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return true;
}

async function build(name: string, work: string, directory: string, signal: AbortSignal): Promise<void> {
  const isEtcd = name === 'etcd';
  const module = join(work, isEtcd ? 'etcd' : 'kubernetes');
  mkdirSync(module, { recursive: true });
  if (isEtcd) await writeEtcdModule(module, signal);
  else await writeKubernetesModule(module, signal);

  const built = join(module, `${name}.built`);
  const target = isEtcd ? 'go.etcd.io/etcd/server/v3' : `k8s.io/kubernetes/cmd/${name}`;
  await go(
    ['build', '-trimpath', '-ldflags', isEtcd ? '-s -w' : kubernetesFlags(), '-o', built, target],
    module,
    signal,
  );

  // Renamed within one folder, because a rename across file systems is no rename.
  const part = join(directory, `.${name}.${process.pid}`);
  copyFileSync(built, part);
  renameSync(part, join(directory, name));
}

async function writeEtcdModule(module: string, signal: AbortSignal): Promise<void> {
  writeFileSync(join(module, 'go.mod'), `module zen-lead.io/e2e/etcd\n${goLine}\n`);
  await go(['get', `go.etcd.io/etcd/server/v3@v${versions.etcd}`], module, signal);
}

/** k8s.io/kubernetes names its own libraries as v0.0.0: each gets a replace to the version published beside it. */
async function writeKubernetesModule(module: string, signal: AbortSignal): Promise<void> {
  writeFileSync(join(module, 'go.mod'), `module zen-lead.io/e2e/kubernetes\n${goLine}\n`);
  const answer = await go(['mod', 'download', '-json', `k8s.io/kubernetes@v${versions.kubernetes}`], module, signal);
  const goMod = /"GoMod": "(.*)"/.exec(answer)?.[1];
  if (goMod === undefined) throw new Error(`go mod download named no go.mod of k8s.io/kubernetes: ${answer}`);
  const libraries = readFileSync(goMod, 'utf8').matchAll(/^\s+(k8s\.io\/[a-z-]+) => \.\/staging/gm);
  const replaces = [...libraries].map(([, name]) => `replace ${name} => ${name} v${libraryVersion()}`);
  writeFileSync(
    join(module, 'go.mod'),
    [
      'module zen-lead.io/e2e/kubernetes',
      goLine,
      `require k8s.io/kubernetes v${versions.kubernetes}`,
      ...replaces,
      '',
    ].join('\n'),
  );
}

/** 1.35.4 is published as v0.35.4 of every library. */
function libraryVersion(): string {
  return versions.kubernetes.replace(/^1\./, '0.');
}

/** What `--version` and `GET /version` say; kubectl and the emulated version both read it. */
function kubernetesFlags(): string {
  const [major, minor] = versions.kubernetes.split('.');
  const set = (name: string, value: string) => `-X k8s.io/component-base/version.${name}=${value}`;
  return [
    '-s -w',
    set('gitVersion', `v${versions.kubernetes}`),
    set('gitMajor', String(major)),
    set('gitMinor', String(minor)),
  ].join(' ');
}

async function hasGo(signal: AbortSignal): Promise<boolean> {
  try {
    await go(['version'], tmpdir(), signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

async function go(args: readonly string[], cwd: string, signal: AbortSignal): Promise<string> {
  // CGO off: programs that start on any Linux, and no C compiler needed. -mod=mod: go.sum is written on the way.
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod -buildvcs=false', GOWORK: 'off' };
  const options = { cwd, env, signal, timeout: buildTimeoutMs, maxBuffer: 64 * 1024 * 1024 };
  return (await run('go', [...args], options)).stdout;
}

function elapsed(startedAt: number): string {
  return `${Math.round((Date.now() - startedAt) / 1000)} s`;
}
