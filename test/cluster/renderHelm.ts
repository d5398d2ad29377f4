/**
 * `npm run helm:render` renders deploy/helm/rendered after a change of the chart, and copies the
 * kind ManualLock and the guard of flows into it. It needs the Helm that `npm run cluster:assets`
 * built.
 */

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { clusterDirectory } from './clusterAssets.ts';
import { rendered } from './rendered.ts';

const helm = join(clusterDirectory(process.env), 'helm');
const deploy = resolve(import.meta.dirname, '../../deploy/helm');
// A chart reads no file from outside its folder.
copyFileSync(join(deploy, '../locks/crd.yaml'), join(deploy, 'zen-lead/files/manuallocks.yaml'));
const guard = join(deploy, 'zen-lead/files/flow-guard');
rmSync(guard, { recursive: true, force: true });
cpSync(join(deploy, '../flow/guard'), guard, {
  recursive: true,
  filter: (path) => basename(path) !== 'kustomization.yaml',
});
for (const [name, values] of Object.entries(rendered)) {
  const args = [
    'template',
    'zen-lead',
    join(deploy, 'zen-lead'),
    '-n',
    'zen-lead',
    '--kube-version',
    '1.35.0',
    ...values,
  ];
  writeFileSync(join(deploy, 'rendered', `${name}.yaml`), execFileSync(helm, args));
}
