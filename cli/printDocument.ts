/**
 * Prints plain data on standard output as JSON or YAML, for `-o json` and `-o yaml`.
 *
 * Guarantees: a reader of YAML 1.1, as kubectl and Helm are, takes no string for a boolean, a
 * number or a date.
 */

import type { Output } from './output.ts';

export async function printDocument(document: unknown, format: 'json' | 'yaml', output: Output): Promise<void> {
  await output.lines(format === 'json' ? JSON.stringify(document, null, 2) : (await renderYaml(document)).trimEnd());
}

export async function renderYaml(document: unknown): Promise<string> {
  // Only here: the other formats start without it.
  const { stringify } = await import('../lib/config/yamlPackage.ts');
  return stringify(document, { compat: 'yaml-1.1', lineWidth: 0, aliasDuplicateObjects: false });
}
