import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { aDirectory } from '../../support/programs/aKubeconfig.ts';
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
    stderr: 'zen-flow: unknown command "fly"; the commands are demo, run, ',
  },
  { args: ['lint', '/does/not/exist'], code: 1, stdout: '', stderr: 'zen-flow: ENOENT' },
])('zen-flow ends with $code: $args.0', async ({ args, code, stdout, stderr }) => {
  const program = startProgram(args, {}, entry);
  expect(await program.exited).toBe(code);
  expect(program.stdout()).toContain(stdout);
  expect(program.stderr()).toContain(stderr);
});

it('the demo of flows kills a bridge in the middle, and no attempt starts twice', async () => {
  const directory = aDirectory();
  const program = startProgram(['demo'], { TMPDIR: directory }, entry);
  const code = await program.exited;
  const text = program.stdout();
  expect({ code, stderr: program.stderr() }).toEqual({ code: 0, stderr: '' });
  expect(text).toContain('killed; the Jobs run on');
  expect(text).toMatch(/merge +Running attempt 2/);
  expect(text).toMatch(/approve +PendingApproval/);
  expect(text).toMatch(/notify +Succeeded/);
  expect(text).toContain('8 Jobs for 7 steps with one retry: no attempt was started twice');
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
});
