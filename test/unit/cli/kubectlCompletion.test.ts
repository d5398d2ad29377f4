/**
 * Tests what kubectl is told can follow `kubectl zen-lead`, by the program that it asks.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listCompletions } from '../../../cli/completion/completions.ts';
import { renderKubectlCompletion } from '../../../cli/completion/kubectl.ts';

const file = resolve(import.meta.dirname, '../../../cli/kubectl_complete-zen_lead');

/** As kubectl calls it: the words after the plugin's name, the unfinished one last. */
function complete(...words: readonly string[]): readonly string[] {
  return execFileSync('sh', [file, ...words], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');
}

describe('kubectl_complete-zen_lead', () => {
  it('is what npm run pages writes, and may be executed', () => {
    expect(readFileSync(file, 'utf8')).toBe(renderKubectlCompletion(listCompletions()));
    expect(statSync(file).mode & 0o111).not.toBe(0);
  });

  it('offers every command with its summary, and no files', () => {
    const lines = complete('');
    expect(lines.at(-1)).toBe(':4');
    expect(lines.slice(0, -1)).toEqual(listCompletions().map(({ name, summary }) => `${name}\t${summary}`));
  });

  it('offers the flags of a command, the values of a choice, and files where one is asked for', () => {
    expect(complete('run', '--')).toEqual(expect.arrayContaining(['--namespace', '--log-level', '--help', ':4']));
    expect(complete('run', '--log-level', '')).toEqual(['debug', 'info', 'warn', 'error', 'silent', ':4']);
    expect(complete('run', '--kubeconfig', '')).toEqual([':0']);
    expect(complete('replay', '')).toEqual([':0']);
  });

  it('offers nothing where no shell can know, and for a command that is none', () => {
    expect(complete('explain', 'sho')).toEqual([':4']);
    expect(complete('nonsense', '')).toEqual([':4']);
  });
});
