/**
 * `npm run browser` generates what a browser runs, from its sources.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { browserPages, renderBrowserPage, root } from './browserPages.ts';

for (const page of browserPages) await writeFile(join(root, page.module), await renderBrowserPage(page));
