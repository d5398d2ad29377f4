/**
 * Finds the real programs that the e2e suite starts: etcd, kube-apiserver, kube-controller-manager,
 * kubectl.
 *
 * Looks in KUBEBUILDER_ASSETS (the convention of envtest), then in the project's cache, which `npm
 * run e2e:assets` fills. kubectl may also be the one on PATH.
 *
 * Source: https://book.kubebuilder.io/reference/envtest.html (KUBEBUILDER_ASSETS)
 */

import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/**
 * The versions that the suites build and test against, without the `v`. Knative 1.22, Serving and
 * Eventing, is published as v0.50.0. ZEN_LEAD_KUBERNETES names another Kubernetes for one run of
 * the e2e suite, which is how the oldest one was found.
 */
export const versions = {
  kubernetes: process.env['ZEN_LEAD_KUBERNETES'] || '1.35.4',
  etcd: '3.6.5',
  knative: '0.50.0',
  prometheusOperator: '0.93.0',
  argoCd: '3.1.0',
  fluxKustomize: '1.9.0',
  fluxHelm: '1.4.0',
  verticalPodAutoscaler: '1.8.1',
  certManager: '1.21.2',
} as const;

export const programs = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
type Program = (typeof programs)[number];

/** Absolute paths. */
type Assets = Readonly<Record<Program, string>>;

export type Environment = Readonly<Record<string, string | undefined>>;

export const missingAssetsLine =
  'e2e: skipped, no etcd, kube-apiserver and kube-controller-manager here (set KUBEBUILDER_ASSETS, or install Go and run `npm run e2e:assets`)';

/** Null when at least one program is missing. */
export function findAssets(environment: Environment): Assets | null {
  const etcd = findProgram('etcd', environment);
  const apiServer = findProgram('kube-apiserver', environment);
  const controllerManager = findProgram('kube-controller-manager', environment);
  const kubectl = findProgram('kubectl', environment);
  if (etcd === null || apiServer === null || controllerManager === null || kubectl === null) return null;
  return { etcd, 'kube-apiserver': apiServer, 'kube-controller-manager': controllerManager, kubectl };
}

/** Finds programs one by one, because envtest downloads no kube-controller-manager. */
export function findProgram(name: Program, environment: Environment): string | null {
  const assets = environment['KUBEBUILDER_ASSETS'];
  const folders = [
    ...(assets === undefined || assets === '' ? [] : [assets]),
    assetsDirectory(environment),
    // Any kubectl within the supported version skew will do; a server found by accident will not.
    ...(name === 'kubectl' ? (environment['PATH'] ?? '').split(delimiter) : []),
  ];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

/** The versions are part of the path, so that a new version never runs an old program. */
export function assetsDirectory(environment: Environment): string {
  return cacheDirectory(environment, `kubernetes-${versions.kubernetes}-etcd-${versions.etcd}`);
}

export function cacheDirectory(environment: Environment, name: string): string {
  // `||` because an empty variable counts as not set (XDG base directory specification).
  const cache =
    environment['ZEN_LEAD_CACHE'] || join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'zen-lead');
  return join(cache, 'assets', name);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
