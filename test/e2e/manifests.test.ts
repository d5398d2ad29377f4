/**
 * Tests that a real API server takes everything that `deploy/` ships and that the pages of docs/
 * give to apply. It is strict about fields, and includes defaults and validation.
 *
 * Custom resources are validated against the definitions that their projects publish.
 * Does not guarantee that Knative's own webhooks take them: the cluster suite asks those.
 */

import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { downloadDefinitions, missingDefinitionsLine } from '../support/controlPlane/downloadDefinitions.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';

const root = resolve(import.meta.dirname, '../..');
const deploy = join(root, 'deploy');
const controlPlane = useControlPlane({ controllerManager: false });
const work = mkdtempSync(join(tmpdir(), 'zen-lead-manifests-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const definitions = await downloadDefinitions(AbortSignal.timeout(60_000));
if (definitions === null) console.log(missingDefinitionsLine);
const needsDefinitions =
  /^apiVersion: (\S+\.(knative\.dev|coreos\.com|fluxcd\.io)|argoproj\.io|autoscaling\.k8s\.io|cert-manager\.io)\//m;

beforeAll(async () => {
  const { kubectl } = controlPlane();
  for (const folder of definitions ?? []) await kubectl('create', '-f', folder);
  if (definitions !== null)
    await kubectl('wait', '--for=condition=Established', 'customresourcedefinitions', '--all', '--timeout=60s');
  // A dry run makes no namespace for the manifests after it.
  const namespaces = ['zen-lead', 'zen-flow', 'team-a', 'team-b', 'argocd', 'flux-system', 'shop'];
  for (const name of namespaces) await kubectl('create', 'namespace', name);
});

const kustomizations = globSync('**/kustomization.yaml', { cwd: deploy }).map(dirname).sort();
const rendered = globSync('helm/rendered/*.yaml', { cwd: deploy }).sort();

test.for([...kustomizations, ...rendered])('the API server takes deploy/%s', async (path, { skip }) => {
  const manifests = path.endsWith('.yaml') ? readFileSync(join(deploy, path), 'utf8') : await build(path);
  skip(definitions === null && needsDefinitions.test(manifests), missingDefinitionsLine);
  const count = parseAllDocuments(manifests).filter((document) => document.contents !== null).length;
  expect(count).toBeGreaterThan(0);
  expect((await apply(manifests)).match(/serverside-applied \(server dry run\)/g)).toHaveLength(count);
});

const examples = ['performance', 'how-to/gitops', 'how-to/integrate'].flatMap((name) => {
  const text = readFileSync(join(root, `docs/${name}.md`), 'utf8');
  const blocks = [...text.matchAll(/^( *)```yaml\n([\s\S]*?)\n\1```/gm)];
  return blocks.flatMap(([, indent = '', block = '']) => {
    const yaml = block.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
    const [, kind] = /^kind: (\w+)/m.exec(yaml) ?? [];
    // The definitions of the Zen suite are in no module that can be downloaded.
    return kind === undefined || kind === 'Ingester' ? [] : [[kind, name, yaml] as const];
  });
});

test('docs/ shows a FlowSchema, Argo CD, Flux and a VPA', () => {
  const kinds = examples.map(([kind]) => kind);
  expect(kinds.toSorted()).toEqual([
    'Application',
    'FlowSchema',
    'HelmRelease',
    'Kustomization',
    'VerticalPodAutoscaler',
  ]);
});

test.for(examples)('the API server takes the %s of docs/%s.md', async ([, , yaml], { skip }) => {
  skip(definitions === null && needsDefinitions.test(yaml), missingDefinitionsLine);
  const count = parseAllDocuments(yaml).length;
  expect((await apply(yaml)).match(/serverside-applied \(server dry run\)/g)).toHaveLength(count);
});

test.skipIf(definitions === null).each([
  ['knative', 'containerConcurrency', 'containerConcurency'],
  ['knative/components/sink-binding', 'subject', 'subjct'],
  ['prometheus', 'podMetricsEndpoints', 'podMetricEndpoints'],
])('the API server refuses deploy/%s where %s is misspelt', async (path, field, misspelt) => {
  const manifests = await build(path);
  const broken = manifests.replace(` ${field}:`, ` ${misspelt}:`);
  expect(broken).not.toBe(manifests);
  await expect(apply(broken)).rejects.toThrow(`.${misspelt}: field not declared in schema`);
});

function apply(manifests: string): Promise<string> {
  return controlPlane().kubectl.withInput(manifests, 'apply', '--server-side', '--dry-run=server', '--validate=strict');
}

/** A component does nothing by itself: it changes deploy/knative, or deploy/api. */
async function build(path: string): Promise<string> {
  const { kubectl } = controlPlane();
  const folder = join(deploy, path);
  if (!readFileSync(join(folder, 'kustomization.yaml'), 'utf8').includes('kind: Component'))
    return await kubectl('kustomize', folder);
  const overlay = mkdtempSync(join(work, 'overlay-'));
  const kustomization = {
    resources: [relative(overlay, join(deploy, path.endsWith('manual-locks') ? 'api' : 'knative'))],
    components: [relative(overlay, folder)],
  };
  writeFileSync(join(overlay, 'kustomization.yaml'), JSON.stringify(kustomization)); // JSON is YAML
  return await kubectl('kustomize', overlay);
}
