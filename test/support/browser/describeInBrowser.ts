/**
 * Describes tests in a browser, and gives them one. It starts before the first test and ends after
 * the last. Where there is none, the tests are skipped.
 */

import { afterAll, beforeAll, describe } from 'vitest';
import { type Browser, findBrowser, openBrowser } from './openBrowser.ts';

export function describeInBrowser(name: string, define: (openPage: Browser['openPage']) => void): void {
  const command = findBrowser();
  describe.skipIf(command === null)(`${name}, in a browser`, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await openBrowser(command ?? '');
    }, 60_000);
    afterAll(() => browser.close());
    define((size) => browser.openPage(size));
  });
}
