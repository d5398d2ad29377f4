import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startProgram } from '../../support/programs/startProgram.ts';

const packageJson: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

describe('zen-lead', () => {
  it('prints help and exits with 0', async () => {
    const program = startProgram([]);
    expect(await program.exited).toBe(0);
    expect(program.stdout()).toContain('Usage: zen-lead <command> [options]');
  });

  it('prints the version of package.json', async () => {
    const program = startProgram(['--version']);
    expect(await program.exited).toBe(0);
    expect(packageJson).toMatchObject({ version: program.stdout().trim() });
  });

  it.each([
    { args: ['fly'], environment: {}, says: 'zen-lead: unknown command "fly"' },
    { args: ['run', '--port', 'http'], environment: {}, says: 'zen-lead: --port: "http" is not a whole number' },
    { args: ['run'], environment: { PORT: '-1' }, says: 'zen-lead: $PORT: "-1" is not a whole number' },
    { args: ['bridge'], environment: {}, says: 'zen-lead: zen-lead bridge needs --sink URL or $K_SINK' },
    { args: ['run', '--kubeconfig', '/does/not/exist'], environment: {}, says: '/does/not/exist' },
    { args: ['run'], environment: {}, says: 'zen-lead: no cluster' },
  ])('exits with 2 and one plain line: $args', async ({ args, environment, says }) => {
    const program = startProgram(args, environment);
    expect(await program.exited).toBe(2);
    expect(program.stderr()).toContain(says);
    expect(program.stderr().trimEnd().split('\n')).toHaveLength(1);
  });

  it('exits with 1 and one plain line where the system refuses, which is not a defect of the program', async () => {
    const program = startProgram(['replay', '/dev/null', '--html', '/does/not/exist/page.html']);
    expect(await program.exited).toBe(1);
    expect(program.stderr()).toMatch(/^zen-lead: ENOENT: .*\/does\/not\/exist\/page\.html'\n$/);
  });
});
