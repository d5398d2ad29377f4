/**
 * Builds one program from its published Go module, with the ordinary `go` client.
 *
 * Guarantees: a program is there whole or not at all (it is renamed into place).
 *
 * Source: https://go.dev/ref/mod#go-mod-file-replace;
 * https://github.com/kubernetes/kubernetes/issues/79384 (why k8s.io/kubernetes as a dependency
 * needs a replace for each of its libraries)
 */

import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface GoProgram {
  /** Name of the file that is built. */
  readonly name: string;
  /** Package that is built: `go.etcd.io/etcd/server/v3`. */
  readonly package: string;
  readonly module: string;
  /** Without the `v`. */
  readonly version: string;
}

const run = promisify(execFile);
/**
 * A cold kube-apiserver took 280 s on two idle cores; a machine that needs six times that will not
 * finish.
 */
const buildTimeoutMs = 30 * 60_000;
/** Each library's own language version decides; this one is the least that all of them accept. */
const goLine = 'go 1.25.0';
const kubernetesModule = 'k8s.io/kubernetes';

/** Builds into `directory`; `work` is a folder for intermediate files. */
export async function buildGoProgram(
  program: GoProgram,
  work: string,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const folder = await writeModule(program, work, signal);
  const built = join(folder, `${program.name}.built`);
  const isKubernetes = program.module === kubernetesModule;
  const flags = isKubernetes ? kubernetesFlags(program.version) : '-s -w';
  await go(['build', '-trimpath', '-ldflags', flags, '-o', built, program.package], folder, signal);

  // Renamed within one folder, because a rename across file systems copies.
  const part = join(directory, `.${program.name}.${process.pid}`);
  copyFileSync(built, part);
  renameSync(part, join(directory, program.name));
}

/** Writes a module of our own that requires theirs. Returns its folder. */
export async function writeModule(
  { module, version }: Pick<GoProgram, 'module' | 'version'>,
  work: string,
  signal: AbortSignal,
): Promise<string> {
  const name = module.replaceAll('/', '-');
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  const replaces = module === kubernetesModule ? await listReplaces(version, folder, signal) : [];
  writeFileSync(
    join(folder, 'go.mod'),
    [`module zen-lead.io/test/${name}`, goLine, `require ${module} v${version}`, ...replaces, ''].join('\n'),
  );
  return folder;
}

/**
 * k8s.io/kubernetes requires its own libraries as v0.0.0; each gets a replace to the version
 * published beside it.
 */
async function listReplaces(version: string, folder: string, signal: AbortSignal): Promise<readonly string[]> {
  // `go mod download` needs a go.mod in the folder that it runs in, even an empty one.
  writeFileSync(join(folder, 'go.mod'), `module zen-lead.io/test/download\n${goLine}\n`);
  const answer = await go(['mod', 'download', '-json', `${kubernetesModule}@v${version}`], folder, signal);
  const goMod = /"GoMod": "(.*)"/.exec(answer)?.[1];
  if (goMod === undefined) throw new Error(`go mod download named no go.mod of ${kubernetesModule}: ${answer}`);
  const libraries = readFileSync(goMod, 'utf8').matchAll(/^\s+(k8s\.io\/[a-z-]+) => \.\/staging/gm);
  // Version 1.35.4 is published as v0.35.4 of every library.
  return [...libraries].map(([, name]) => `replace ${name} => ${name} v${version.replace(/^1\./, '0.')}`);
}

/**
 * Sets what `--version` and `GET /version` answer; kubectl and the emulated version both read it.
 */
function kubernetesFlags(version: string): string {
  const [major, minor] = version.split('.');
  const set = (name: string, value: string) => `-X k8s.io/component-base/version.${name}=${value}`;
  return [
    '-s -w',
    set('gitVersion', `v${version}`),
    set('gitMajor', String(major)),
    set('gitMinor', String(minor)),
  ].join(' ');
}

export async function hasGo(signal: AbortSignal): Promise<boolean> {
  try {
    await go(['version'], tmpdir(), signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Resolves to standard output. */
export async function go(args: readonly string[], cwd: string, signal: AbortSignal): Promise<string> {
  // Without CGO the programs start on any Linux and need no C compiler. With -mod=mod, go writes
  // go.sum on the way.
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod -buildvcs=false', GOWORK: 'off' };
  const options = { cwd, env, signal, timeout: buildTimeoutMs, maxBuffer: 64 * 1024 * 1024 };
  return (await run('go', [...args], options)).stdout;
}
