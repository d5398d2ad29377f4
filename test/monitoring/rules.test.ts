import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

function promtool(folder: string, ...args: readonly string[]): string {
  const cwd = fileURLToPath(new URL(`../../deploy/${folder}/`, import.meta.url));
  return execFileSync('promtool', args, { cwd, encoding: 'utf8' });
}

it.each(['prometheus', 'flow/prometheus'])('promtool takes the rules of deploy/%s', (folder) => {
  expect(promtool(folder, 'check', 'rules', 'rules.yaml')).toContain('SUCCESS');
});

it.each(['prometheus', 'flow/prometheus'])(
  'promtool sees each alert of deploy/%s silent, then firing, in its story',
  (folder) => {
    expect(promtool(folder, 'test', 'rules', 'rules.test.yaml')).toContain('SUCCESS');
  },
);
