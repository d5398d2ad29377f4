/**
 * `npm run cluster:assets` builds the programs of the cluster suite once, where Go is present. They
 * are scheduler, kubelet, kube-proxy, CoreDNS, Helm, and Knative Serving and Eventing with their
 * manifests.
 *
 * The control plane comes from `npm run e2e:assets`. Cold on two cores it takes about ten minutes;
 * with Go's build cache warm, one. Without Go it prints one plain line and exits with 0.
 */

import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildGoPrograms } from '../support/controlPlane/buildGoPrograms.ts';
import { go, hasGo, writeModule } from '../support/controlPlane/goProgram.ts';
import {
  clusterDirectory,
  clusterVersions,
  findClusterAssets,
  findMissingManifests,
  findMissingNode,
  findMissingPrograms,
  manifestFolders,
} from './clusterAssets.ts';

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

// Building for minutes is in vain where the suite could not run.
if (findMissingNode(process.env) === null && (await hasGo(stop.signal))) {
  const directory = clusterDirectory(process.env);
  await buildGoPrograms(
    findMissingPrograms(process.env),
    directory,
    (line) => console.log(`cluster: ${line}`),
    stop.signal,
  );
  await copyKnativeManifests(directory, 'serving', stop.signal);
  await copyKnativeManifests(directory, 'eventing', stop.signal);
}
const found = findClusterAssets(process.env);
console.log(typeof found === 'string' ? found : `cluster: programs in ${found.directory}`);

/** Each module holds its manifests in `config/`. A folder is there whole or not at all. */
async function copyKnativeManifests(
  directory: string,
  module: keyof typeof manifestFolders,
  signal: AbortSignal,
): Promise<void> {
  const target = join(directory, 'knative-config');
  const missing = findMissingManifests(directory);
  const names = manifestFolders[module].filter((name) => missing.includes(name));
  if (names.length === 0) return;
  mkdirSync(target, { recursive: true });
  const work = mkdtempSync(join(directory, '.config-'));
  try {
    const required = { module: `knative.dev/${module}`, version: clusterVersions.knative };
    const folder = await writeModule(required, work, signal);
    await go(['mod', 'download', required.module], folder, signal);
    for (const name of names) {
      const source = (await go(['list', '-m', '-f', '{{.Dir}}', `knative.dev/${name}`], folder, signal)).trim();
      cpSync(join(source, 'config'), join(work, 'config', name), { recursive: true, dereference: true });
      renameSync(join(work, 'config', name), join(target, name));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
