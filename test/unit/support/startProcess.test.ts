import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProcess } from '../../support/programs/startProcess.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'zen-lead-start-process-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Milliseconds here; seconds where Node has to start on a busy machine. */
const patience = { timeout: 30_000 };
/** Prints as long as it lives. Its process id would stay until its parent has reaped it. */
const beat = 'while :; do echo beat; sleep 0.02; done';

async function expectToGoOn(readLog: () => string): Promise<void> {
  const length = readLog().length;
  await expect.poll(readLog, patience).toSatisfy((log: string) => log.length > length);
}

async function expectToHaveStopped(readLog: () => string): Promise<void> {
  await expect
    .poll(async () => {
      const length = readLog().length;
      await new Promise((resolve) => setTimeout(resolve, 150));
      return readLog().length - length;
    }, patience)
    .toBe(0);
}

const shell = (name: string, script: string) =>
  startProcess({ name, command: '/bin/sh', args: ['-c', script], directory });

describe('startProcess', () => {
  it('keeps what the program prints, and says how it ended', async () => {
    const started = shell('prints', 'echo one; echo two >&2; exit 3');
    await expect.poll(() => started.ended(), patience).toBe(3);
    expect(started.log()).toBe('one\ntwo\n');
  });

  it('ends the program and whatever it has started', async () => {
    const started = shell('with-child', `(${beat}) & wait`);
    await expectToGoOn(started.log);
    await started.stop('SIGKILL');
    await expectToHaveStopped(started.log);
  });

  it('kills a program that does not end when it is asked to', async () => {
    const started = shell('deaf', 'trap "" TERM; echo up; while :; do sleep 0.05; done');
    await expect.poll(() => started.log(), patience).toContain('up');
    expect(await started.stop('SIGTERM', 100)).toBe('SIGKILL');
  });

  it('ends the program also when the one that started it is killed', async () => {
    const module = resolve(import.meta.dirname, '../../support/programs/startProcess.ts');
    const orphan = { name: 'orphan', command: '/bin/sh', args: ['-c', beat], directory };
    const script = `
      const { startProcess } = await import(${JSON.stringify(module)});
      startProcess(${JSON.stringify(orphan)});
      setInterval(() => {}, 1000);`;
    const parent = startProcess({
      name: 'parent',
      command: process.execPath,
      args: ['--input-type=module', '--eval', script],
      directory,
    });
    const readLog = () =>
      existsSync(join(directory, 'orphan.log')) ? readFileSync(join(directory, 'orphan.log'), 'utf8') : '';
    await expectToGoOn(readLog);
    await parent.stop('SIGKILL'); // the orphan has a process group of its own
    await expectToHaveStopped(readLog);
  });
});
