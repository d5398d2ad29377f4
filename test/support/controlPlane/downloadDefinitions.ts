/**
 * Downloads the definitions of the custom resources in `deploy/`, with the ordinary `go` client.
 *
 * They are part of the published Go modules of Knative Serving, Knative Eventing and the Prometheus
 * operator. Go's module cache keeps them: a second download reads it and needs no network.
 *
 * Source: https://go.dev/ref/mod#go-mod-download
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { versions } from './findAssets.ts';
import { go, hasGo } from './goProgram.ts';

export const missingDefinitionsLine =
  'e2e: manifests of Knative and of the Prometheus operator are not checked, their definitions need Go';

/** Each module, and the folder in it that holds its definitions. */
const modules = [
  { module: `knative.dev/serving@v${versions.knative}`, folder: 'config/core/300-resources' },
  { module: `knative.dev/eventing@v${versions.knative}`, folder: 'config/core/resources' },
  {
    module: `github.com/prometheus-operator/prometheus-operator@v${versions.prometheusOperator}`,
    folder: 'example/prometheus-operator-crd',
  },
] as const;

const downloaded = z.object({ Dir: z.string() });

/**
 * Returns absolute paths of folders of YAML, or null without Go. Rejects when a module cannot be
 * downloaded.
 */
export async function downloadDefinitions(signal: AbortSignal): Promise<readonly string[] | null> {
  if (!(await hasGo(signal))) return null;
  // A folder outside of any module, so that no go.mod decides on the versions.
  const work = mkdtempSync(join(tmpdir(), 'zen-lead-definitions-'));
  try {
    const folders: string[] = [];
    for (const { module, folder } of modules) {
      const answer = await go(['mod', 'download', '-json', module], work, signal);
      folders.push(join(downloaded.parse(JSON.parse(answer)).Dir, folder));
    }
    return folders;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
