import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../../lib/config/parseCommandLine.ts';
import { aDirectory } from '../../support/programs/aKubeconfig.ts';
import { typeCommand } from '../../support/programs/typeCommand.ts';

const read = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
const tutorial = read('tutorial.md');

interface Shown {
  readonly args: readonly string[];
  readonly output: string;
}

/** The blocks that show a command and what it prints. */
const shown: readonly Shown[] = [...tutorial.matchAll(/```console\n\$ npx zen-lead (.*)\n([^`]*)```/g)].map(
  ([, command = '', output = '']) => ({ args: command.split(' '), output }),
);

/**
 * Every command that a page names, as the words behind `zen-lead`; `\|` and what follows belongs to
 * the shell.
 */
function commandsIn(text: string): readonly (readonly string[])[] {
  const lines = text.split('\n').filter((line) => /^(?:\$ )?(?:npx|kubectl) zen-lead /.test(line));
  return lines.flatMap((line) =>
    line
      .replace(/ +#.*$/, '')
      .split(' | ')
      .map((part) => part.replace(/^\$ /, '').split(' ').slice(2)),
  );
}

describe('docs/tutorial.md', () => {
  it('the tutorial shows at least five commands with their output', () => {
    expect(shown.length).toBeGreaterThanOrEqual(5);
  });

  it.each(shown)('the program prints what the tutorial shows for zen-lead $args', async ({ args, output }) => {
    // Vitest runs in the root of the checkout, where a reader is; the page is written elsewhere.
    const page = join(aDirectory(), 'timeline.html');
    const typed = await typeCommand(...args.map((word) => (word === 'timeline.html' ? page : word)));
    expect(typed).toMatchObject({ code: 0, stderr: '' });
    expect(typed.stdout.replace(page, 'timeline.html')).toBe(output);
  });
});

describe('docs', () => {
  it.each(['tutorial.md', 'reference/commands.md'])('docs/%s names only commands and flags that exist', (name) => {
    const found = commandsIn(read(name));
    expect(found.length).toBeGreaterThan(0);
    for (const args of found) expect(parseCommandLine(args, {}).kind).toBe('command');
  });
});
