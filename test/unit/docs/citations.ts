/**
 * Finds what a text cites of the project's own pages, and which of it is not there.
 *
 * Does not guarantee that a cited section says what the citation claims.
 * Source: https://docs.github.com/en/get-started/writing-on-github (headings and anchors)
 */

export interface Citation {
  /** From the root of the repository. */
  readonly page: string;
  readonly anchor?: string;
}

/** The headings of a page, as GitHub turns them into anchors. */
export function anchorsOf(text: string): readonly string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Cites from the root: `docs/trust.md#tokens`. A URL of another project is not a citation. */
export function citationsIn(text: string): readonly Citation[] {
  const found = text.matchAll(/(\S*?)\b((?:docs\/[\w./-]+|CONTRIBUTING|SECURITY|CHANGELOG)\.md)(?:#([\w-]+))?/g);
  return [...found]
    .filter(([, before = '']) => !before.includes('://'))
    .map(([, , page = '', anchor]) => (anchor === undefined ? { page } : { page, anchor }));
}

/** `readPage` answers undefined for a page that is not there. */
export function findBroken(text: string, readPage: (page: string) => string | undefined): readonly string[] {
  return citationsIn(text).flatMap(({ page, anchor }) => {
    const target = readPage(page);
    if (target === undefined) return [page];
    return anchor === undefined || anchorsOf(target).includes(anchor) ? [] : [`${page}#${anchor}`];
  });
}
