import { expect, it } from 'vitest';
import { describeInBrowser } from '../../support/browser/describeInBrowser.ts';
import { listViolations } from '../../support/browser/listViolations.ts';
import type { BrowserPage, Size } from '../../support/browser/openBrowser.ts';
import { aManualStep, aStep } from '../../support/objects/aFlow.ts';
import { aFlowPage, type FlowPage } from '../../support/programs/aFlowPage.ts';

const spec = { steps: [aStep('a'), aStep('b', 'a'), aManualStep('ask', ['b'])], finally: [aStep('z')] };
const startedAt = Date.parse('2026-11-20T10:00:00Z');

describeInBrowser('the live page of flows', (openPage) => {
  async function open(world: FlowPage, hash = '', size: Size = { width: 1200, height: 800 }): Promise<BrowserPage> {
    const page = await openPage(size);
    await page.goTo(`${world.url}/${hash}`);
    await page.until("document.getElementById('state').textContent === 'live'");
    return page;
  }
  const boxes = "[...document.querySelectorAll('#graph g')].map((box) => box.getAttribute('class')).join(' ')";
  const lines = "[...document.querySelectorAll('#flows button')].map((line) => line.textContent)";

  it('the live page of flows lists them, and follows the graph of one without a reload', async () => {
    const world = await aFlowPage();
    world.show('nightly', spec, { a: { phase: 'Running', startedAt } });
    world.show('old', spec, {}, true);
    const page = await open(world);
    await page.until("document.querySelectorAll('#flows button').length === 2");
    expect(await page.evaluate(lines)).toEqual(['shop/nightlyRunning0/4', 'shop/oldSucceeded0/4']);
    expect(await page.evaluate("document.getElementById('chosen').hidden")).toBe(true);

    await page.evaluate("document.querySelector('#flows button').click()");
    await page.until(`${boxes} === 'Running Pending Pending Pending'`);
    expect(await page.evaluate("document.querySelectorAll('#graph path').length")).toBe(2);
    const done = { phase: 'Succeeded', startedAt, endedAt: startedAt + 5_000 } as const;
    world.show('nightly', spec, { a: done, b: done, ask: { phase: 'PendingApproval', startedAt } });
    await page.until(`${boxes} === 'Succeeded Succeeded PendingApproval Pending'`);
    await page.until(`${lines}[0] === 'shop/nightlyPaused2/4waits for ask'`);
    expect(await page.evaluate("document.querySelectorAll('#steps tbody tr').length")).toBe(4);
    world.remove('nightly');
    await page.until("document.getElementById('chosen').hidden && document.querySelectorAll('#flows li').length === 1");
    expect(page.errors).toEqual([]);
  });

  it.each([
    ['a desk', { width: 1200, height: 800 }],
    ['a phone', { width: 390, height: 800 }],
  ])('axe-core finds nothing on the live page of flows, on %s', async (_, size) => {
    const world = await aFlowPage();
    world.show('nightly', spec, { a: { phase: 'Failed', reason: 'JobFailed', startedAt, endedAt: startedAt } });
    world.show('asks', spec, { ask: { phase: 'PendingApproval', startedAt } });
    const page = await open(world, '#shop%2Fnightly', size);
    await page.until("document.querySelectorAll('#graph g').length === 4");
    expect(await listViolations(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(size.width);
  });

  it('the live page of flows shows 300 lines of 500, and no graph of 400 steps', async () => {
    const world = await aFlowPage();
    for (let number = 0; number < 500; number += 1) world.show(`flow-${number}`, { steps: [aStep('a')] });
    world.show('wide', { steps: Array.from({ length: 400 }, (_, index) => aStep(`s${index}`)) });
    const page = await open(world, '#shop%2Fwide');
    await page.until(
      "document.getElementById('summary').textContent.includes('501 flows, 501 on the way; the first 300')",
    );
    await page.until("document.getElementById('graph').textContent.includes('400 steps are too many')");
    expect(await page.evaluate("document.querySelectorAll('#steps tbody tr').length")).toBe(400);
    expect(page.errors).toEqual([]);
  });
});
