import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { renderBashCompletion } from '../../../../cli/completion/bash.ts';
import { listCompletions } from '../../../../cli/completion/completions.ts';
import { renderFishCompletion } from '../../../../cli/completion/fish.ts';
import { renderZshCompletion } from '../../../../cli/completion/zsh.ts';
import { commands } from '../../../../lib/config/commands.ts';

const completions = listCompletions();

/** What bash offers for these words, the last of which is being typed. */
function completeInBash(words: readonly string[], before = ''): readonly string[] {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const script = `${renderBashCompletion(completions)}
${before}
COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _zen_lead; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describe('completion', () => {
  it('knows every command and every flag', () => {
    expect(completions.map(({ name }) => name)).toEqual(Object.keys(commands));
    for (const script of [renderBashCompletion, renderZshCompletion, renderFishCompletion].map((render) =>
      render(completions),
    ))
      for (const { name, flags } of completions) {
        expect(script).toContain(name);
        for (const { flag } of flags) expect(script).toContain(flag);
      }
  });

  it('works in bash: commands, flags, choices, operands', () => {
    expect(completeInBash(['zen-lead', 'sw'])).toEqual(['switchover']);
    expect(completeInBash(['zen-lead', 'switchover', '--d'])).toEqual(['--dry-run']);
    expect(completeInBash(['zen-lead', 'status', '--output', 'w'])).toEqual(['wide']);
    expect(completeInBash(['zen-lead', 'status', '-o', 'j'])).toEqual(['json']);
    expect(completeInBash(['zen-lead', 'completion', ''])).toEqual(['bash', 'zsh', 'fish']);
    expect(completeInBash(['zen-lead', 'replay', 'package'])).toContain('package.json');
    expect(completeInBash(['zen-lead', 'replay', '--html', 'package'])).toContain('package.json');
  });

  it('asks the cluster for the Services and their elections, and offers none where it does not answer', () => {
    const table =
      'NAMESPACE   SERVICE        LEADER\nshop        app/writer     web-0\nshop        app/cron       web-1\nbar         gateway//1     web-2';
    const answering = `zen-lead() { [ "$1" = status ] && printf '${table}\n'; }`;
    expect(completeInBash(['zen-lead', 'explain', 'shop/'], answering)).toEqual(['shop/app/writer', 'shop/app/cron']);
    expect(completeInBash(['zen-lead', 'switchover', 'bar'], answering)).toEqual(['bar/gateway//1']);
    expect(completeInBash(['zen-lead', 'pin', ''], 'zen-lead() { echo away >&2; return 1; }')).toEqual([]);
  });

  it.each([
    { shell: 'zsh', script: renderZshCompletion(completions) },
    { shell: 'fish', script: renderFishCompletion(completions) },
  ])('completion is a script that $shell can read, where that is installed', ({ shell, script }) => {
    const { error, stderr, status } = spawnSync(shell, ['-n', '-c', script], { encoding: 'utf8' });
    if (error !== undefined) return expect(script).not.toContain('undefined');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  });
});
