import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { renderErrorsPage } from '../../../../cli/pages/renderErrorsPage.ts';

describe('docs/reference/errors.md', () => {
  it('docs/reference/errors.md is what the codes render; run `npm run pages` after a change', async () => {
    expect(await readFile(new URL('../../../../docs/reference/errors.md', import.meta.url), 'utf8')).toBe(
      renderErrorsPage(),
    );
  });

  it('names only runbooks that are there', () => {
    const named = [...renderErrorsPage().matchAll(/runbook of (\w+)/g)].map(([, alert]) => alert);
    expect(named.length).toBeGreaterThan(0);
    for (const alert of named)
      expect(existsSync(new URL(`../../../../docs/runbooks/${alert}.md`, import.meta.url)), alert).toBe(true);
  });
});
