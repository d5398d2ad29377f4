import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assetsDirectory, findAssets, findProgram } from '../../support/controlPlane/findAssets.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zen-lead-find-assets-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(folder: string, ...names: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  for (const name of names) {
    writeFileSync(join(folder, name), '#!/bin/sh\n');
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

describe('findAssets', () => {
  it('takes what envtest left, and from the cache what envtest does not have', () => {
    const environment = { KUBEBUILDER_ASSETS: join(root, 'envtest'), ZEN_LEAD_CACHE: join(root, 'cache'), PATH: '' };
    const envtest = put(environment.KUBEBUILDER_ASSETS, 'etcd', 'kube-apiserver', 'kubectl');
    expect(findAssets(environment)).toBeNull();
    const cache = put(assetsDirectory(environment), 'etcd', 'kube-controller-manager');
    expect(findAssets(environment)).toEqual({
      etcd: join(envtest, 'etcd'),
      'kube-apiserver': join(envtest, 'kube-apiserver'),
      'kube-controller-manager': join(cache, 'kube-controller-manager'),
      kubectl: join(envtest, 'kubectl'),
    });
  });

  it('takes kubectl, and no server, from PATH', () => {
    const environment = {
      ZEN_LEAD_CACHE: join(root, 'cache'),
      PATH: `${root}/none:${put(join(root, 'bin'), 'kubectl', 'etcd')}`,
    };
    expect(findProgram('kubectl', environment)).toBe(join(root, 'bin', 'kubectl'));
    expect(findProgram('etcd', environment)).toBeNull();
  });

  it('does not take a file that cannot be run', () => {
    const environment = { KUBEBUILDER_ASSETS: put(join(root, 'envtest'), 'etcd'), ZEN_LEAD_CACHE: root, PATH: '' };
    chmodSync(join(environment.KUBEBUILDER_ASSETS, 'etcd'), 0o644);
    expect(findProgram('etcd', environment)).toBeNull();
  });

  it.each([
    [{ ZEN_LEAD_CACHE: '/own', XDG_CACHE_HOME: '/xdg' }, '/own/assets/'],
    [{ XDG_CACHE_HOME: '/xdg' }, '/xdg/zen-lead/assets/'],
    [{ ZEN_LEAD_CACHE: '', XDG_CACHE_HOME: '' }, '/.cache/zen-lead/assets/'],
  ])('keeps its cache where %j says', (environment, folder) => {
    expect(assetsDirectory(environment)).toContain(folder);
    expect(assetsDirectory(environment)).toMatch(/^\/.*kubernetes-\d+\.\d+\.\d+-etcd-\d+\.\d+\.\d+$/);
  });
});
