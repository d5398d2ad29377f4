/**
 * Runs Helm: the one of `npm run cluster:assets`, else the one on the path. `npm run helm-lint` and
 * `npm run helm-package` use it. Exits with 127, as a shell does, where there is none.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { clusterDirectory } from './clusterAssets.ts';

const built = join(clusterDirectory(process.env), 'helm');
const { status, error } = spawnSync(existsSync(built) ? built : 'helm', process.argv.slice(2), { stdio: 'inherit' });
if (error !== undefined) {
  console.error('there is no Helm: `npm run cluster:assets` builds one');
  process.exitCode = 127;
} else process.exitCode = status ?? 1;
