/**
 * rulesUnderElection: a plugin for Vitest that puts `underElection` around the rules that stories
 * call. lib itself goes on calling the rules as they are.
 */

import { resolve } from 'node:path';
import type { Plugin } from 'vite';

const root = resolve(import.meta.dirname, '../../..');
const under = resolve(import.meta.dirname, 'underElection.ts');
/** The stories, and the world that they play in. */
const stories = ['test/unit/selection/', 'test/support/simulated/'].map((folder) => resolve(root, folder));

interface Wrapped {
  readonly name: string;
  readonly by: 'underElection' | 'underView';
}

/** By file of lib/selection, what stories call with a snapshot, or with one election's view. */
export const rules: Readonly<Record<string, Wrapped>> = {
  'assess.ts': { name: 'assess', by: 'underElection' },
  'buildSnapshot.ts': { name: 'buildSnapshot', by: 'underElection' },
  'catchUp.ts': { name: 'catchUp', by: 'underElection' },
  'compactSnapshot.ts': { name: 'compactSnapshot', by: 'underElection' },
  'explain.ts': { name: 'explain', by: 'underElection' },
  'line.ts': { name: 'lineOf', by: 'underElection' },
  'planVerdict.ts': { name: 'planVerdict', by: 'underElection' },
  'ownership.ts': { name: 'findOwned', by: 'underView' },
  'record.ts': { name: 'readRecord', by: 'underView' },
  'situation.ts': { name: 'readSituation', by: 'underView' },
};

const suffix = '?under-election';

export function rulesUnderElection(): Plugin {
  return {
    name: 'rules-under-election',
    enforce: 'pre',
    resolveId(source, importer) {
      const file = /\/lib\/selection\/([a-zA-Z]+\.ts)$/.exec(source)?.[1];
      const isOfStory = stories.some((folder) => importer?.startsWith(`${folder}/`));
      return file !== undefined && isOfStory && file in rules ? `${root}/lib/selection/${file}${suffix}` : undefined;
    },
    load(id) {
      if (!id.endsWith(suffix)) return undefined;
      const path = id.slice(0, -suffix.length);
      const rule = rules[path.slice(path.lastIndexOf('/') + 1)];
      if (rule === undefined) return undefined;
      const { name, by } = rule;
      return [
        `import { ${name} as rule } from '${path}';`,
        `import { ${by} } from '${under}';`,
        `export * from '${path}';`,
        `export const ${name} = ${by}(rule);`,
      ].join('\n');
    },
  };
}
