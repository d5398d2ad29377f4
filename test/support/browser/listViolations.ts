/**
 * Asks axe-core, in the page itself, what keeps people from using it.
 *
 * Source: https://github.com/dequelabs/axe-core/blob/develop/doc/API.md
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { BrowserPage } from './openBrowser.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Returns one line for each element of each broken rule. */
export async function listViolations(page: BrowserPage): Promise<unknown> {
  // The tools of a developer may run what the page's content security policy would refuse.
  await page.evaluate(`(() => { ${axe}; })()`);
  return await page.evaluate(`axe.run().then(({ violations }) =>
    violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => id + ': ' + help + ': ' + html)))`);
}
