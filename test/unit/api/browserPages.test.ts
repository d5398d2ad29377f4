import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { browserPages, renderBrowserPage, root } from '../../../deploy/browserPages.ts';

describe.each(browserPages)('$module', (page) => {
  it('the bundled page is what its script and style give (else: npm run browser)', async () => {
    expect(readFileSync(join(root, page.module), 'utf8')).toBe(await renderBrowserPage(page));
  });
});
