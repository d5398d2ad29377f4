/**
 * What deploy/prometheus and docs/performance.md give people to apply, taken by a real API server (server-side dry run).
 */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';

const root = resolve(import.meta.dirname, '../..');
const definitions = resolve(root, '../shared/schemas/prometheus-operator');
const controlPlane = useControlPlane({ controllerManager: false });

describe('on a real API server', () => {
  it('the FlowSchema of docs/performance.md is taken', async () => {
    const page = readFileSync(join(root, 'docs/performance.md'), 'utf8');
    const manifest = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)]
      .map(([, yaml = '']) => yaml)
      .find((yaml) => yaml.includes('kind: FlowSchema'));
    const { kubectl } = controlPlane();
    expect(await kubectl.withInput(manifest ?? '', 'apply', '--dry-run=server')).toContain('created');
  });

  it.skipIf(!existsSync(definitions))('PrometheusRule and PodMonitors are taken as their definitions say', async () => {
    const { kubectl } = controlPlane();
    for (const name of ['prometheusrules', 'podmonitors'])
      await kubectl('create', '-f', join(definitions, `monitoring.coreos.com_${name}.yaml`));
    await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s');
    await kubectl('create', 'namespace', 'zen-lead');
    const output = await kubectl('apply', '--dry-run=server', '-k', join(root, 'deploy/prometheus'));
    expect(output.match(/created/g)).toHaveLength(5);
    expect(await kubectl('apply', '--dry-run=server', '-k', join(root, 'deploy/grafana'))).toContain('created');
  });
});
