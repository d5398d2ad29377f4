/**
 * Reads manifests of Knative as its modules publish them, and fits them to the suite's node.
 *
 * It changes only the images and the requests for CPU, because two cores have to hold all of it.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventingName } from './clusterAssets.ts';

/** Reads files, and every file directly in a folder, as one text. */
export function readManifests(...paths: readonly string[]): string {
  const files = paths.flatMap((path) => (path.endsWith('.yaml') ? [path] : listManifests(path)));
  return files.map((file) => toLocal(readFileSync(file, 'utf8'))).join('\n---\n');
}

function listManifests(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(folder, name));
}

/** ko fills in an image where the sources name a Go package. */
function toLocal(manifest: string): string {
  return manifest
    .replaceAll(/ko:\/\/knative\.dev\/serving\/cmd\/([a-z]+)/g, 'dev.local/$1:1')
    .replaceAll(
      /ko:\/\/knative\.dev\/eventing\/cmd\/([a-z_/]+)/g,
      (_, program: string) => `dev.local/${eventingName(program)}:1`,
    )
    .replaceAll(/^( +requests:\n(?: +#.*\n)* +cpu:) [0-9]+m?$/gm, '$1 10m');
}
