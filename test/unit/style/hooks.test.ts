/**
 * Runs the hooks in .githooks as git calls them, in a repository of their own.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
let repository: string;

beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), 'hooks-'));
  for (const path of ['.githooks', '.ci/commits', 'biome.json', 'test/unit/style']) {
    cpSync(join(root, path), join(repository, path), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(repository, 'node_modules'));
  git('init', '--quiet');
  for (const [key, value] of [
    ['core.hooksPath', '.githooks'],
    ['user.name', 'A Developer'],
    ['user.email', 'developer@example.org'],
  ] as const) {
    git('config', key, value);
  }
});
afterEach(() => rmSync(repository, { recursive: true, force: true }));

/** Without what a surrounding git, such as a hook that runs the tests, set for its repository. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: repository, env: environment(), encoding: 'utf8' });
}

function commit(message: string, ...flags: readonly string[]) {
  const options = { cwd: repository, env: environment(), encoding: 'utf8' } as const;
  return spawnSync('git', ['commit', '--quiet', '--allow-empty', ...flags, '-m', message], options);
}

function stage(path: string, text: string): void {
  mkdirSync(join(repository, path, '..'), { recursive: true });
  writeFileSync(join(repository, path), text);
  git('add', path);
}

describe('the hook for messages', () => {
  const subject = 'Say why the lease is read before it is taken';

  it.each([
    ['a subject, a blank line and a body', `${subject}\n\nA frozen replica sees what it missed.`],
    ['a subject of 72 characters, counted as characters', `${'é'.repeat(72)}\n\nBecause.`],
    ['a merge, which git words itself', "Merge branch 'main'"],
    ['a fixup, which goes when it is squashed', `fixup! ${subject}`],
  ])('takes %s', (_, message) => {
    expect(commit(message)).toMatchObject({ status: 0, stderr: '' });
  });

  it.each([
    ['a subject of 73 characters', `${'x'.repeat(73)}\n\nBecause.`, 'the subject has 73 characters'],
    ['a second line that is not blank', `${subject}\nBecause.`, 'the second line must be blank'],
    ['no body', subject, 'has no body'],
    ['trailers alone', `${subject}\n\nSigned-off-by: A Developer <developer@example.org>`, 'has no body'],
  ])('refuses %s', (_, message, problem) => {
    const { status, stderr } = commit(message);
    expect(status).toBe(1);
    expect(stderr).toContain(problem);
  });

  it('does not count what git adds as a comment', () => {
    writeFileSync(join(repository, 'message'), `${subject}\n\n# Please enter the commit message.\n# It has no body.\n`);
    const { status } = spawnSync('sh', ['.githooks/commit-msg', 'message'], { cwd: repository });
    expect(status).toBe(1);
  });
});

describe('the hook for staged files', () => {
  const message = 'Add a file\n\nThe hook has to see it.';

  it('takes what Biome has nothing against, and files that it does not know', () => {
    stage('lib/one.ts', 'export const one = 1;\n');
    stage('one.md', '# One\n');
    expect(commit(message)).toMatchObject({ status: 0, stdout: '' });
  });

  it('refuses what Biome would change', () => {
    stage('lib/one.ts', 'export const one = "1"\n');
    const { status, stderr } = commit(message);
    expect(status).toBe(1);
    expect(stderr).toContain('npm run format');
  });

  it('refuses a comment that is too wide', () => {
    stage('one.ts', `// ${'word '.repeat(30).trim()}\nexport const one = 1;\n`);
    const { status, stderr } = commit(message);
    expect(status).toBe(1);
    expect(stderr).toContain('one.ts:1 has 152');
  });

  it('lints what is staged, not what was edited since', () => {
    stage('lib/one.ts', 'export const one = "1"\n');
    writeFileSync(join(repository, 'lib/one.ts'), "export const one = '1';\n");
    expect(commit(message).status).toBe(1);
    git('add', 'lib/one.ts');
    writeFileSync(join(repository, 'lib/one.ts'), 'export const one = "1"\n');
    expect(commit(message).status).toBe(0);
  });
});

describe('the check of the newest commits', () => {
  const check = () => spawnSync('bash', ['.ci/commits'], { cwd: repository, env: environment(), encoding: 'utf8' });
  const good = 'Check the newest commits\n\nA clone without hooks may have made them.';
  const bad = 'x'.repeat(73);

  it('passes over those before it was there, and finds one after', () => {
    commit(bad, '--no-verify');
    git('add', '.ci/commits');
    commit(good, '--no-verify');
    expect(check()).toMatchObject({ status: 0, stderr: '' });
    commit(bad, '--no-verify');
    commit(good);
    const { status, stderr } = check();
    expect(status).toBe(1);
    expect(stderr).toContain('the subject has 73 characters');
    expect(stderr.match(/^ {2}in /gm)).toHaveLength(1);
  });

  it('says that it does not check where history does not hold it', () => {
    commit(good);
    expect(check()).toMatchObject({ status: 0, stdout: expect.stringContaining('not checked') });
  });
});
