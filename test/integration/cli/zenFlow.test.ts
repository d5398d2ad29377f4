import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startProgram } from '../../support/programs/startProgram.ts';

const entry = fileURLToPath(new URL('../../../cli/zen-flow.ts', import.meta.url));
const example = fileURLToPath(new URL('../../../examples/flow/nightly-report.yaml', import.meta.url));

it.each([
  { args: ['lint', example], code: 0, stdout: 'no errors', stderr: '' },
  { args: ['graph', example], code: 0, stdout: 'finally', stderr: '' },
  { args: ['simulate', example, '--approve', 'look'], code: 0, stdout: 'Succeeded after', stderr: '' },
  { args: ['simulate', '--help'], code: 0, stdout: 'zen-flow simulate: ', stderr: '' },
  {
    args: ['fly'],
    code: 2,
    stdout: '',
    stderr: 'zen-flow: unknown command "fly"; the commands are lint, simulate, graph',
  },
  { args: ['lint', '/does/not/exist'], code: 1, stdout: '', stderr: 'zen-flow: ENOENT' },
])('zen-flow ends with $code: $args.0', async ({ args, code, stdout, stderr }) => {
  const program = startProgram(args, {}, entry);
  expect(await program.exited).toBe(code);
  expect(program.stdout()).toContain(stdout);
  expect(program.stderr()).toContain(stderr);
});
