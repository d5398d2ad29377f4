import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const directory = fileURLToPath(new URL('../../deploy/prometheus/', import.meta.url));

function promtool(...args: readonly string[]): string {
  return execFileSync('promtool', args, { cwd: directory, encoding: 'utf8' });
}

it('promtool takes the rules', () => {
  expect(promtool('check', 'rules', 'rules.yaml')).toContain('SUCCESS');
});

it('promtool sees each alert silent, then firing, in its story', () => {
  expect(promtool('test', 'rules', 'rules.test.yaml')).toContain('SUCCESS');
});
