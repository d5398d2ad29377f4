/**
 * Holds the documentation against what it names: pages, commands, flags, metrics, alerts and
 * reasons that are really there.
 */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { type Program, zenFlow, zenLead } from '../../../lib/config/program.ts';
import type { Command, Setting } from '../../../lib/config/setting.ts';
import { lockAnnotation, lockLabel } from '../../../lib/lock/lockNames.ts';
import { annotation, label } from '../../../lib/selection/names.ts';
import { readMetricRows } from '../../../lib/telemetry/renderMetricsPage.ts';
import { anchorsOf } from './citations.ts';

const root = resolve(import.meta.dirname, '../../..');
const pages = [
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md'],
  ...globSync(['docs/**/*.md', 'deploy/**/README.md'], { cwd: root }),
].sort();
const read = (page: string) => readFileSync(join(root, page), 'utf8');

const sources = globSync('{bridge,functions,api,apiserver,lib,cli}/**/*.ts', { cwd: root }).map(read).join('\n');

/** Of the chart: no deeper than this. */
type Values = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What a reader types: lines in fenced shell blocks, and `code` that begins with our command. */
function listInvocations(text: string, program: string): readonly string[] {
  const fenced = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.split('\n'));
  const inline = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...fenced, ...inline]
    .flatMap((line) => line.split(/ \| (?=npx )/))
    .map(
      (line) =>
        new RegExp(`^\\s*(?:\\w+=\\S+ )*(?:npx |kubectl )?${program} ([a-z]+.*?)\\s*(?:#.*)?$`).exec(line)?.[1] ?? '',
    )
    .filter((line) => line !== '');
}

function flagsOf(command: Command): readonly string[] {
  return Object.values<Setting>(command.settings).flatMap(({ flag, short }) => [
    ...(flag === undefined ? [] : [`--${flag}`]),
    ...(short === undefined ? [] : [`-${short}`]),
  ]);
}

describe.each(pages)('%s', (page) => {
  const text = read(page);

  it('links to pages and headings that are there', () => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      expect(existsSync(join(root, file)), target).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(read(file)), target).toContain(anchor);
    }
  });

  it.each<Program>([zenLead, zenFlow])('names commands and flags that $name takes', ({ name: program, commands }) => {
    for (const invocation of listInvocations(text, program)) {
      const [name = '', ...rest] = invocation.replaceAll(/[[\]|]/g, ' ').split(/\s+/);
      const command = Object.entries<Command>(commands).find(([each]) => each === name)?.[1];
      expect(command, invocation).toBeDefined();
      const flags = rest.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split('=')[0]);
      if (command !== undefined)
        expect([...flagsOf(command), '--help'], invocation).toEqual(expect.arrayContaining(flags));
    }
  });

  it('reads the logs of every replica, and all of them', () => {
    // `logs deploy/NAME` picks one of its pods, and with a selector kubectl shows the last ten
    // lines of each by default:
    // https://kubernetes.io/docs/reference/kubectl/generated/kubectl_logs/
    for (const [command] of text.matchAll(/kubectl [^`\n]*\blogs\b[^`\n|]*/g)) {
      if (command.includes('--previous')) continue;
      expect(command).toMatch(/ -l /);
      expect(command).toContain('--tail=');
    }
  });

  it('names words of the logs that are written there', () => {
    const words = [...text.matchAll(/\| grep (?:-E )?"([^"]+)"/g)].flatMap(([, pattern = '']) => pattern.split('|'));
    // As it stands, or with a first word that is filled in.
    for (const word of words)
      expect(sources.includes(word) || sources.includes(word.replace(/^\w+/, '}')), word).toBe(true);
  });

  it('names annotations that are read, and files that are there', () => {
    const known = [
      ...Object.values(annotation),
      ...Object.values(label),
      ...Object.values(lockAnnotation),
      lockLabel,
    ].map(String);
    // Not in a URL, and not where the text names the prefix alone.
    for (const [, name = ''] of text.matchAll(/(?<![/.\w-])zen-lead\.io\/([a-z-]*[a-z])\b/g))
      expect(known, name).toContain(`zen-lead.io/${name}`);
    for (const [, path = ''] of text.matchAll(
      /`((?:api|apiserver|bench|bridge|cli|docs|examples|functions|lib|schemas|test)\/[\w./-]+)`/g,
    ))
      expect(existsSync(join(root, path)), path).toBe(true);
  });

  it('sets values that the chart has', () => {
    const values = parse(read('deploy/helm/zen-lead/values.yaml')) as Values;
    for (const [, key = ''] of text.matchAll(/--set(?:-string)? '?([\w.]+)(?:\[\d+\])?[\w.]*=/g)) {
      const [group = '', name] = key.split('.');
      expect(name === undefined ? values[group] : values[group]?.[name], key).toBeDefined();
    }
  });

  it('shows tables whose rows stand below a header', () => {
    // A row after an empty line is plain text: https://github.github.com/gfm/#tables-extension-
    const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
    for (const [table] of prose.matchAll(/(?:^\|.*\n)+/gm)) expect(table).toMatch(/^.*\n\|(?:\s*:?-+:?\s*\|)+\n/);
  });

  it('shows YAML that can be read', () => {
    for (const [, block = ''] of text.matchAll(/```yaml\n([\s\S]*?)```/g))
      for (const document of parseAllDocuments(block)) expect(document.errors, block).toEqual([]);
  });

  it('names metrics, alerts, folders and scripts that are there', () => {
    const metrics = readMetricRows().flatMap(({ name }) => [name, `${name}_bucket`, `${name}_count`, `${name}_sum`]);
    for (const [name] of text.matchAll(/\bzen_lead_[a-z_]+[a-z]\b(?![_(:])/g)) expect(metrics, name).toContain(name);
    for (const [name] of text.matchAll(/\bZenLead[A-Z]\w+/g))
      if (name !== 'ZenLeadError') expect(read('deploy/prometheus/rules.yaml'), name).toContain(`alert: ${name}\n`);
    for (const [, path = ''] of text.matchAll(/kubectl apply -k (deploy\/[\w/-]+)/g))
      expect(existsSync(join(root, path, 'kustomization.yaml')), path).toBe(true);
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> };
    for (const [, script = ''] of text.matchAll(/npm run (\w[\w:-]*)/g))
      expect(scripts, script).toHaveProperty([script]);
  });
});

describe('the index', () => {
  const linksOf = (page: string): readonly string[] =>
    [...read(page).matchAll(/\]\(([^)\s#]+\.md)/g)].map(([, target = '']) => join(dirname(page), target));

  it('leads to every page, in one step or through a list of its folder', () => {
    const lists = ['docs/README.md', 'docs/runbooks/README.md', 'docs/decisions/README.md'];
    const reached = new Set([...lists.slice(0, 1), ...lists.flatMap(linksOf)]);
    expect(pages.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([]);
  });
});
