/**
 * Starts a real Prometheus with a given configuration: on 127.0.0.1, in a directory of its own,
 * ended with its test.
 */

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { chooseFreePort } from '../support/controlPlane/chooseFreePort.ts';
import { aDirectory } from '../support/programs/aKubeconfig.ts';
import { findPrometheus } from './findPrometheus.ts';

interface SpawnedPrometheus {
  readonly url: string;
  /**
   * Returns the parsed body of a 2xx; rejects on anything else, also while Prometheus is starting.
   */
  read(path: string): Promise<unknown>;
}

/** `rules` is the content of the file that `rule_files: [rules.yaml]` finds. */
export async function spawnPrometheus(config: object, rules: string): Promise<SpawnedPrometheus> {
  const programs = findPrometheus(process.env['PATH'] ?? '');
  if (typeof programs === 'string') throw new Error(programs);
  const directory = aDirectory();
  writeFileSync(join(directory, 'rules.yaml'), rules);
  writeFileSync(join(directory, 'prometheus.yml'), stringify(config));
  const url = `http://127.0.0.1:${await chooseFreePort()}`;
  const child = spawn(
    programs.prometheus,
    [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'tsdb')}`,
      `--web.listen-address=${new URL(url).host}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });

  return {
    url,
    async read(path) {
      const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5_000) });
      const body: unknown = await response.json();
      if (!response.ok) throw new Error(`GET ${path}: ${JSON.stringify(body)}`);
      return body;
    },
  };
}
