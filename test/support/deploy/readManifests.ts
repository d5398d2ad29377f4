/**
 * Reads what `deploy/` ships as objects: what kustomize builds, what the chart renders, and what
 * stands in a file.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { clusterDirectory } from '../../cluster/clusterAssets.ts';
import { canRun } from '../canRun.ts';

export const deploy = resolve(import.meta.dirname, '../../../deploy');
export const hasKubectl = canRun('kubectl');
const helm = join(clusterDirectory(process.env), 'helm');
export const hasHelm = existsSync(helm);

export interface Container {
  readonly image: string;
  /** Of zen-flow, which is not what the image starts by itself. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts?: readonly { readonly name: string }[];
  readonly securityContext?: object;
  readonly resources: { readonly limits: Readonly<Record<string, string>> };
}

export interface PodSpec {
  readonly serviceAccountName: string;
  readonly securityContext?: object;
  readonly containers: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
}

export interface Rule {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly rules?: readonly Rule[];
}

export interface Workload extends Manifest {
  readonly spec: {
    readonly template: { readonly metadata?: { readonly annotations?: object }; readonly spec: PodSpec };
  };
}

export function build(directory: string): readonly Manifest[] {
  return parseManifests(execFileSync('kubectl', ['kustomize', directory], { encoding: 'utf8' }));
}

export function renderChart(release: string, namespace: string, ...values: readonly string[]): readonly Manifest[] {
  const args = ['template', release, join(deploy, 'helm/zen-lead'), '-n', namespace, '--kube-version', '1.35.0'];
  return parseManifests(execFileSync(helm, [...args, ...values], { encoding: 'utf8' }));
}

/** A component by itself is nothing: it changes deploy/knative, or another way of running. */
export function buildWith(component: string, base = 'knative', isClusterWide = false): readonly Manifest[] {
  const directory = mkdtempSync(join(tmpdir(), 'zen-lead-overlay-'));
  const from = (path: string) => relative(directory, join(deploy, path));
  const components = [component, ...(isClusterWide ? ['components/cluster-wide'] : [])].map(from);
  const kustomization = { resources: [from(base)], components };
  writeFileSync(join(directory, 'kustomization.yaml'), JSON.stringify(kustomization));
  try {
    return build(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((manifest) => manifest !== null);
}

export function isWorkload(manifest: Manifest): manifest is Workload {
  const { kind, apiVersion } = manifest;
  return kind === 'Deployment' || (kind === 'Service' && apiVersion.startsWith('serving.knative.dev/'));
}

export function listContainers(manifests: readonly Manifest[]): readonly Container[] {
  return manifests.filter(isWorkload).flatMap((manifest) => manifest.spec.template.spec.containers);
}
