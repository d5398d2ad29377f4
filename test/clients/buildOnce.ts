/**
 * buildOnce: builds a program into the cache of the assets, again only when its sources differ.
 *
 * Guarantees: a directory is there whole or not at all (it is renamed into place). A lack of a tool
 * or of packages is a problem that is returned. A mistake in our own Go is thrown.
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../support/controlPlane/findAssets.ts';

const run = promisify(execFile);
/** gRPC compiles for minutes once. */
const BUILD_TIMEOUT_MS = 600_000;

/** `build` fills the directory that it is given. */
export async function buildOnce(
  name: string,
  sources: readonly string[],
  build: (directory: string) => Promise<void>,
): Promise<{ readonly directory: string } | { readonly problem: string }> {
  const directory = cacheDirectory(process.env, `${name}-${hashOf(sources)}`);
  if (existsSync(directory)) return { directory };
  mkdirSync(dirname(directory), { recursive: true });
  const work = mkdtempSync(`${directory}-`);
  try {
    await build(work);
    renameSync(work, directory);
    return { directory };
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    if (isOurs(error)) throw error;
    return { problem: (error instanceof Error ? error.message : String(error)).split('\n').at(-1) ?? '' };
  }
}

/** Go names the file that it cannot compile. */
function isOurs(error: unknown): boolean {
  return error instanceof Error && /^\.?\/?[\w/]+\.go:\d+:\d+: /m.test(error.message);
}

function hashOf(folders: readonly string[]): string {
  const hash = createHash('sha256');
  for (const folder of folders) {
    const files = globSync('**/*', { cwd: folder, exclude: (name) => name === '__pycache__' });
    for (const name of files.filter((each) => statSync(join(folder, each)).isFile()).sort())
      hash.update(name).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

export async function call(command: string, args: readonly string[], cwd: string, path = ''): Promise<void> {
  const env = { ...process.env, PATH: `${path}:${process.env['PATH']}` };
  await run(command, args, { cwd, env, timeout: BUILD_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 });
}
