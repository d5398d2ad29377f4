/**
 * Tests how `deploy/` gives the kind ManualLock, the rights for it, and the flag that serves it.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  build,
  buildWith,
  deploy,
  hasHelm,
  hasKubectl,
  listContainers,
  type Manifest,
  parseManifests,
  renderChart,
} from '../../support/deploy/readManifests.ts';
import { manualLockCrd } from '../../support/objects/manualLockCrd.ts';

const claims = [
  { apiGroups: ['locks.zen-lead.io'], resources: ['manuallocks'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['locks.zen-lead.io'], resources: ['manuallocks/status'], verbs: ['patch'] },
];

test.runIf(hasKubectl)('ManualLocks take the kind, a flag of the api, and rights where it serves', () => {
  const plain = JSON.stringify(build(join(deploy, 'api')));
  expect(plain).not.toMatch(/manual-?lock/i);
  const overlays = [buildWith('components/manual-locks', 'api'), buildWith('components/manual-locks', 'api', true)];
  const [own = [], everywhere = []] = overlays;
  const chart = parseManifests(readFileSync(join(deploy, 'helm/rendered/claiming.yaml'), 'utf8'));
  for (const manifests of [own, everywhere, chart]) {
    const [crd] = manifests.filter(({ kind }) => kind === 'CustomResourceDefinition');
    expect(crd).toMatchObject({ metadata: { name: 'manuallocks.locks.zen-lead.io' } });
    expect(crd).toMatchObject({ spec: manualLockCrd().spec });
    expect(listContainers(manifests).map(({ args }) => args?.includes('--manual-locks'))).toContain(true);
    const isEdit = ({ metadata: { name } }: Manifest): boolean => name.includes('manual-locks-edit');
    expect(manifests.filter(isEdit)).toMatchObject([{ kind: 'ClusterRole' }]);
    const given = manifests.filter((each) => !isEdit(each)).flatMap(({ rules = [] }) => rules);
    expect(given).toEqual(expect.arrayContaining(claims));
  }
  const kindOf = (manifests: readonly Manifest[]) =>
    manifests.find(({ metadata: { name } }) => name === 'zen-lead-manual-locks')?.kind;
  expect([kindOf(own), kindOf(everywhere)]).toEqual(['Role', 'ClusterRole']);
});

test.runIf(hasHelm)('the chart keeps the claims of others, leaves the kind out where asked, and needs the api', () => {
  const render = (...values: readonly string[]) =>
    renderChart('zen-lead', 'zen-lead', ...values.flatMap((value) => ['--set', `api.${value}`]));
  const crdsOf = (manifests: readonly Manifest[]) =>
    manifests.filter(({ kind }) => kind === 'CustomResourceDefinition').map(({ metadata }) => metadata);
  expect(crdsOf(render('enabled=true'))).toEqual([]);
  const asked = ['enabled=true', 'manualLocks.enabled=true'];
  expect(crdsOf(render(...asked))).toMatchObject([{ annotations: { 'helm.sh/resource-policy': 'keep' } }]);
  expect(crdsOf(render(...asked, 'manualLocks.crd=false'))).toEqual([]);
  expect(() => render('manualLocks.enabled=true')).toThrow('needs api.enabled');
});
