/**
 * Makes the programs that the suite of SDKs runs: one for each SDK of CloudEvents. It builds them
 * from pinned sources (go.sum, requirements.txt with hashes, pom.xml) into the cache of the assets.
 *
 * Each program prints `{"url"}` of its receiver, then answers each line of its standard input,
 * `{"url", "mode", "event"}`, with a line `{"answer": {"status", "event"}}`. Each event that it
 * receives is a line `{"received"}`.
 * Guarantees: never rejects. What cannot be had here is named in one plain line.
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../support/controlPlane/findAssets.ts';

const run = promisify(execFile);
/** Modules, wheels and jars come from registries; the Go SDK compiles for minutes once. */
const BUILD_TIMEOUT_MS = 600_000;

export interface Sdk {
  readonly language: 'Go' | 'Python' | 'Java' | 'JavaScript';
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The client sends again what is answered 503. */
  readonly retries?: true;
}

interface Recipe {
  /** Folder beside this file; what is in it names the place in the cache. */
  readonly sources: string;
  /** Fills `directory`. */
  build(sources: string, directory: string): Promise<void>;
  toSdk(sources: string, directory: string): Sdk;
}

const recipes: Readonly<Record<Exclude<Sdk['language'], 'JavaScript'>, Recipe>> = {
  Go: {
    sources: 'go',
    build: (sources, directory) => call('go', ['build', '-o', join(directory, 'client'), '.'], sources),
    toSdk: (_sources, directory) => ({ language: 'Go', command: join(directory, 'client'), args: [], retries: true }),
  },
  Python: {
    sources: 'python',
    build: (sources, directory) =>
      call(
        'python3',
        ['-m', 'pip', 'install', '--quiet', '--require-hashes', '-r', 'requirements.txt', '--target', directory],
        sources,
      ),
    toSdk: (sources, directory) => ({
      language: 'Python',
      command: 'python3',
      args: [join(sources, 'client.py')],
      environment: { PYTHONPATH: directory, PYTHONDONTWRITEBYTECODE: '1' },
    }),
  },
  Java: {
    sources: 'java',
    async build(sources, directory) {
      await call(
        'mvn',
        ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${join(directory, 'lib')}`],
        sources,
      );
      await call(
        'javac',
        ['-d', join(directory, 'classes'), '-cp', join(directory, 'lib', '*'), 'Client.java'],
        sources,
      );
    },
    toSdk: (_sources, directory) => ({
      language: 'Java',
      command: 'java',
      args: ['-cp', [join(directory, 'classes'), join(directory, 'lib', '*')].join(':'), 'Client'],
    }),
  },
};

/** A text says why an SDK is left out. */
export async function prepareSdks(): Promise<readonly (Sdk | string)[]> {
  const javascript: Sdk = {
    language: 'JavaScript',
    command: process.execPath,
    args: [join(import.meta.dirname, 'javascript', 'client.ts')],
  };
  const others: (Sdk | string)[] = [];
  // One after another, because each takes all cores.
  for (const [language, recipe] of Object.entries(recipes)) others.push(await prepare(language, recipe));
  return [javascript, ...others];
}

async function prepare(language: string, recipe: Recipe): Promise<Sdk | string> {
  const sources = join(import.meta.dirname, recipe.sources);
  const directory = cacheDirectory(process.env, `sdk-${recipe.sources}-${hashOf(sources)}`);
  if (existsSync(directory)) return recipe.toSdk(sources, directory);
  mkdirSync(dirname(directory), { recursive: true });
  const work = mkdtempSync(`${directory}-`);
  try {
    await recipe.build(sources, work);
    renameSync(work, directory);
    return recipe.toSdk(sources, directory);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    const [problem = ''] = String(error instanceof Error ? error.message : error)
      .split('\n')
      .slice(-2);
    return `sdks: ${language} is left out, because its tool or its packages cannot be had here: ${problem}`;
  }
}

function hashOf(folder: string): string {
  const hash = createHash('sha256');
  for (const name of globSync('**/*', { cwd: folder }).sort())
    hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 16);
}

async function call(command: string, args: readonly string[], cwd: string): Promise<void> {
  await run(command, args, { cwd, timeout: BUILD_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 });
}
