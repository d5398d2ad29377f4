import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type CommandName, commands } from '../../../lib/config/commands.ts';
import { flowCommands } from '../../../lib/config/flowCommands.ts';
import { zenFlow } from '../../../lib/config/program.ts';
import { renderConfigurationPage } from '../../../lib/config/renderConfigurationPage.ts';
import { renderHelp } from '../../../lib/config/renderHelp.ts';
import type { Setting } from '../../../lib/config/setting.ts';

const names = Object.keys(commands).filter((name): name is CommandName => name in commands);

describe('--help', () => {
  it.each([null, ...names])('fits 80 columns (%s)', (name) => {
    expect(
      renderHelp(name)
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
  });

  it.each(names)('names every flag and variable of %s', (name) => {
    const help = renderHelp(name);
    for (const { flag, env = [] } of Object.values<Setting>(commands[name].settings)) {
      if (flag !== undefined) expect(help).toContain(`--${flag}`);
      for (const variable of env) expect(help).toContain(variable);
    }
  });

  it.each(Object.keys(flowCommands))('of zen-flow %s speaks of flows', (name) => {
    const help = renderHelp(name, zenFlow).replaceAll('webhook-service NAME    Service', '');
    expect(help.match(/.*(zen-lead|\bServices?\b|\bleaders?\b).*/g) ?? []).toEqual([]);
  });

  it('lists every command and every exit code', () => {
    const help = renderHelp(null);
    for (const name of names) expect(help).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const code of [0, 1, 2]) expect(help).toMatch(new RegExp(`^  ${code} `, 'm'));
  });
});

describe('docs/reference/configuration.md', () => {
  it('docs/reference/configuration.md is what the tables say (else: npm run pages)', async () => {
    const page = await readFile(new URL('../../../docs/reference/configuration.md', import.meta.url), 'utf8');
    expect(page).toBe(renderConfigurationPage());
  });

  it('shows every flag and variable, in lines that fit a screen', () => {
    const page = renderConfigurationPage();
    const lines = page.split('\n').filter((line) => !line.startsWith('|'));
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    const rows = new Set(names.flatMap((name) => Object.values<Setting>(commands[name].settings)));
    for (const { flag, env = [] } of rows) {
      if (flag !== undefined) expect(page).toContain(`--${flag}`);
      for (const variable of env) expect(page).toContain(`\`$${variable}\``);
    }
  });

  it('says for every setting what its absence means, and for every refusal why', () => {
    for (const setting of names.flatMap((name) => Object.values<Setting>(commands[name].settings))) {
      if (setting.kind === 'integer') expect(setting.zero).not.toMatch(/^refused$/);
      if ('default' in setting) expect(setting.why, setting.meaning).toMatch(/^[A-Z0-9].*\.$/);
      if ('absent' in setting) expect(setting.absent, setting.meaning).not.toMatch(/\.$/);
    }
  });
});
