/**
 * Downloads the definitions of the custom resources in `deploy/` and in the examples of docs/, with
 * the ordinary `go` client.
 *
 * They are part of the published Go modules of their projects, all under Apache-2.0; nothing of
 * them is copied into the repository. Go's module cache keeps them: a second download reads it and
 * needs no network.
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
  'e2e: manifests of Knative, the Prometheus operator, Argo CD, Flux, the VPA and cert-manager are not checked, their definitions need Go';

/** Each module, and the folder or file in it that holds its definitions. */
const modules = [
  { module: `knative.dev/serving@v${versions.knative}`, folder: 'config/core/300-resources' },
  { module: `knative.dev/eventing@v${versions.knative}`, folder: 'config/core/resources' },
  {
    module: `github.com/prometheus-operator/prometheus-operator@v${versions.prometheusOperator}`,
    folder: 'example/prometheus-operator-crd',
  },
  {
    module: `github.com/argoproj/argo-cd/v3@v${versions.argoCd}`,
    folder: 'manifests/crds/application-crd.yaml',
  },
  {
    module: `github.com/fluxcd/kustomize-controller@v${versions.fluxKustomize}`,
    folder: 'config/crd/bases',
  },
  { module: `github.com/fluxcd/helm-controller@v${versions.fluxHelm}`, folder: 'config/crd/bases' },
  {
    module: `k8s.io/autoscaler/vertical-pod-autoscaler@v${versions.verticalPodAutoscaler}`,
    folder: 'deploy/vpa-v1-crd-gen.yaml',
  },
  ...['certificates', 'issuers'].map((kind) => ({
    module: `github.com/cert-manager/cert-manager@v${versions.certManager}`,
    folder: `deploy/crds/cert-manager.io_${kind}.yaml`,
  })),
];

const downloaded = z.object({ Dir: z.string() });

/**
 * Returns absolute paths of YAML and of folders of it, or null without Go. Rejects when a module
 * cannot be downloaded.
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
