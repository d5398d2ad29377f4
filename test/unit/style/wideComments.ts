/**
 * Finds comments that reach past 100 columns. Biome formats code and has no such rule.
 *
 * Does not guarantee that every comment is found: a line is taken for what it begins with. So text
 * inside a template literal counts when it has the form of a comment.
 */

import { globSync } from 'node:fs';

/** A line of prose this long can still be read; code may have 120. */
export const MAX_COLUMNS = 100;

export interface WideComment {
  /** From 1. */
  readonly line: number;
  readonly columns: number;
}

export function findWideComments(text: string): readonly WideComment[] {
  let isInBlock = false;
  return text.split('\n').flatMap((content, index) => {
    const wasInBlock = isInBlock;
    const trimmed = content.trimStart();
    if (trimmed.startsWith('/*')) isInBlock = true;
    const isComment = wasInBlock || isInBlock || trimmed.startsWith('//') || hasTrailingComment(content);
    if (isInBlock && content.includes('*/')) isInBlock = false;
    const columns = [...content].length;
    return isComment && columns > MAX_COLUMNS && canBeWrapped(trimmed) ? [{ line: index + 1, columns }] : [];
  });
}

/** Code that ends, then a comment. A `//` within a URL has no space before it. */
function hasTrailingComment(content: string): boolean {
  return /[\w;,:{}()[\]>'"`]\s+\/\/ /.test(content);
}

/** A single word, such as a URL, and an instruction to a tool have to stay on their line. */
function canBeWrapped(trimmed: string): boolean {
  const prose = trimmed.replace(/^(?:\/\*\*?|\*|\/\/)\s*/, '');
  return /\S\s+\S/.test(prose.replace(/\s*\*\/$/, '')) && !/^(?:biome-ignore|@ts-expect-error)\b/.test(prose);
}

/** Paths from `root`, without what a bundler wrote. */
export function listSources(root: string): readonly string[] {
  return globSync('**/*.ts', { cwd: root, exclude: (name) => ['node_modules', 'dist', 'generated'].includes(name) })
    .filter((file) => !file.endsWith('.generated.ts'))
    .sort();
}
