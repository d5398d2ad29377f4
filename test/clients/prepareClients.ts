/**
 * Compiles and installs the examples of the clients in other languages, into the cache of the
 * assets.
 *
 * Guarantees: never rejects. What cannot be had here is named in one plain line.
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../support/controlPlane/findAssets.ts';

const run = promisify(execFile);
/** gRPC compiles for minutes once. */
const BUILD_TIMEOUT_MS = 600_000;
const clients = resolve(import.meta.dirname, '../../clients');

export interface ExampleClient {
  readonly language: 'Go' | 'Python';
  readonly command: string;
  readonly args: readonly string[];
  /** How the program names an option. */
  readonly dash: '-' | '--';
  readonly environment: Readonly<Record<string, string>>;
}

interface Recipe {
  readonly sources: string;
  /** Fills `directory`. */
  build(sources: string, directory: string): Promise<void>;
  toClient(sources: string, directory: string): ExampleClient;
}

const recipes: Readonly<Record<ExampleClient['language'], Recipe>> = {
  Go: {
    sources: 'go',
    async build(sources, directory) {
      await call('go', ['vet', './...'], sources);
      await call('go', ['build', '-o', join(directory, 'example'), './example'], sources);
    },
    toClient: (_sources, directory) => ({
      ...{ language: 'Go', command: join(directory, 'example'), args: [], dash: '-', environment: {} },
    }),
  },
  Python: {
    sources: 'python',
    build: (sources, directory) =>
      call('python3', ['-m', 'pip', 'install', '--quiet', '-r', 'requirements.txt', '--target', directory], sources),
    toClient: (sources, directory) => ({
      language: 'Python',
      command: 'python3',
      args: [join(sources, 'example.py')],
      dash: '--',
      environment: { PYTHONPATH: directory, PYTHONDONTWRITEBYTECODE: '1' },
    }),
  },
};

/** A text says why a client is left out. */
export async function prepareClients(): Promise<readonly (ExampleClient | string)[]> {
  const found: (ExampleClient | string)[] = [];
  // One after another, because each takes all cores.
  for (const [language, recipe] of Object.entries(recipes)) found.push(await prepare(language, recipe));
  return found;
}

async function prepare(
  language: string,
  { sources: folder, build, toClient }: Recipe,
): Promise<ExampleClient | string> {
  const sources = join(clients, folder);
  const directory = cacheDirectory(process.env, `client-${folder}-${hashOf(sources)}`);
  if (existsSync(directory)) return toClient(sources, directory);
  mkdirSync(dirname(directory), { recursive: true });
  const work = mkdtempSync(`${directory}-`);
  try {
    await build(sources, work);
    renameSync(work, directory);
    return toClient(sources, directory);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    // A mistake of ours is no lack of a tool.
    if (isOurs(error)) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    return `clients: ${language} is left out, because its tool or its packages cannot be had here: ${problem.split('\n').at(-1)}`;
  }
}

/** Go names the file that it cannot compile. */
function isOurs(error: unknown): boolean {
  return error instanceof Error && /^\.?\/?[\w/]+\.go:\d+:\d+: /m.test(error.message);
}

function hashOf(folder: string): string {
  const hash = createHash('sha256');
  const files = globSync('**/*', { cwd: folder, exclude: (name) => name === '__pycache__' });
  for (const name of files.filter((each) => statSync(join(folder, each)).isFile()).sort())
    hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 16);
}

async function call(command: string, args: readonly string[], cwd: string): Promise<void> {
  await run(command, args, { cwd, timeout: BUILD_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 });
}
