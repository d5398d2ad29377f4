/**
 * Plain data on standard output as JSON or YAML, for `-o json` and `-o yaml`.
 */

import type { Output } from '../output.ts';
import { renderYaml } from './renderYaml.ts';

export async function printDocument(document: unknown, format: 'json' | 'yaml', output: Output): Promise<void> {
  await output.line(format === 'json' ? JSON.stringify(document, null, 2) : renderYaml(document).trimEnd());
}
