/**
 * Renders the bill of materials of the image as CycloneDX. It lists what is bundled, from the
 * lock file, and the Node that runs it.
 *
 * Source: https://docs.npmjs.com/cli/commands/npm-sbom,
 * https://cyclonedx.org/specification/overview/
 */

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('../..', import.meta.url));

export function writeSbom(): string {
  const args = [
    'sbom',
    '--sbom-format',
    'cyclonedx',
    '--sbom-type',
    'application',
    '--package-lock-only',
    '--loglevel',
    'error',
  ];
  const output = execFileSync('npm', [...args, '--omit', 'dev', '--omit', 'optional'], {
    cwd: checkout,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const sbom: { components?: unknown[] } = JSON.parse(output);
  const version = process.versions.node;
  const node = { type: 'framework', name: 'node', version, purl: `pkg:generic/node@${version}` };
  return `${JSON.stringify({ ...sbom, components: [...(sbom.components ?? []), node] }, null, 1)}\n`;
}
