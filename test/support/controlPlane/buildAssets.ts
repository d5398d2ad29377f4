/**
 * Builds the programs of the e2e suite from their published Go modules, with the ordinary `go`
 * client.
 *
 * Guarantees: a program is there whole or not at all (it is renamed into place), and an existing
 * one is kept.
 * Does not guarantee speed. Without any cache, two cores need about 80 s for etcd, 280 s for
 * kube-apiserver and 105 s for kube-controller-manager. With Go's own build cache warm, they need
 * seconds.
 */

import { buildGoPrograms } from './buildGoPrograms.ts';
import { assetsDirectory, type Environment, findProgram, programs, versions } from './findAssets.ts';
import { type GoProgram, hasGo } from './goProgram.ts';

/** Returns false without Go. */
export async function buildAssets(
  environment: Environment,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await hasGo(signal))) return false;
  const missing = programs.filter((name) => findProgram(name, environment) === null).map(toGoProgram);
  await buildGoPrograms(missing, assetsDirectory(environment), (line) => say(`e2e assets: ${line}`), signal);
  return true;
}

function toGoProgram(name: string): GoProgram {
  if (name === 'etcd') {
    const module = 'go.etcd.io/etcd/server/v3';
    return { name, module, package: module, version: versions.etcd };
  }
  return kubernetesProgram(name);
}

export function kubernetesProgram(name: string): GoProgram {
  const module = 'k8s.io/kubernetes';
  return { name, module, package: `${module}/cmd/${name}`, version: versions.kubernetes };
}
