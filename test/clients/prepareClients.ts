/**
 * Compiles and installs the examples of the clients in other languages, into the cache of the
 * assets.
 *
 * Guarantees: what cannot be had here is named in one plain line.
 */

import { join, resolve } from 'node:path';
import { buildOnce, call } from './buildOnce.ts';

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
  for (const [language, { sources: folder, build, toClient }] of Object.entries(recipes)) {
    const sources = join(clients, folder);
    const built = await buildOnce(`client-${folder}`, [sources], (directory) => build(sources, directory));
    found.push('directory' in built ? toClient(sources, built.directory) : leftOut(language, built.problem));
  }
  return found;
}

function leftOut(language: string, problem: string): string {
  return `clients: ${language} is left out, because its tool or its packages cannot be had here: ${problem}`;
}
