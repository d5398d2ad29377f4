/**
 * `npm run cluster:assets`: the programs of the cluster suite, built once where Go is present: scheduler, kubelet, kube-proxy, CoreDNS,
 * Knative Serving with its manifests, Helm. The control plane is the e2e suite's (`npm run e2e:assets`).
 *
 * Cold on two cores about ten minutes; with Go's build cache warm, one. Without Go one plain line and exit code 0.
 */

import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildGoPrograms } from '../e2e/buildGoPrograms.ts';
import { go, hasGo, writeModule } from '../e2e/goProgram.ts';
import {
  clusterDirectory,
  clusterVersions,
  findClusterAssets,
  findMissingNode,
  findMissingPrograms,
} from './clusterAssets.ts';

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

// Minutes of building for a suite that could not run here would help nobody.
if (findMissingNode(process.env) === null && (await hasGo(stop.signal))) {
  const directory = clusterDirectory(process.env);
  await buildGoPrograms(
    findMissingPrograms(process.env),
    directory,
    (line) => console.log(`cluster: ${line}`),
    stop.signal,
  );
  await copyKnativeManifests(directory, stop.signal);
}
const found = findClusterAssets(process.env);
console.log(typeof found === 'string' ? found : `cluster: programs in ${found.directory}`);

/** Knative's manifests are part of its modules: `config/` of serving, networking and caching. */
async function copyKnativeManifests(directory: string, signal: AbortSignal): Promise<void> {
  const target = join(directory, 'knative-config');
  if (existsSync(target)) return;
  mkdirSync(directory, { recursive: true });
  const work = mkdtempSync(join(directory, '.config-'));
  try {
    const folder = await writeModule(
      { module: 'knative.dev/serving', version: clusterVersions.knativeServing },
      work,
      signal,
    );
    // Serving itself decides which versions of the other two it goes with.
    await go(['mod', 'download', 'knative.dev/serving'], folder, signal);
    for (const name of ['serving', 'networking', 'caching']) {
      const source = (await go(['list', '-m', '-f', '{{.Dir}}', `knative.dev/${name}`], folder, signal)).trim();
      cpSync(join(source, 'config'), join(work, 'config', name), { recursive: true, dereference: true });
    }
    renameSync(join(work, 'config'), target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
