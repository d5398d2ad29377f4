import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { describeInBrowser } from '../../support/browser/describeInBrowser.ts';
import { listViolations } from '../../support/browser/listViolations.ts';
import type { BrowserPage, Size } from '../../support/browser/openBrowser.ts';
import { aWorld, type World } from '../../support/programs/aStatusWorld.ts';

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

describeInBrowser('the live page', (openPage) => {
  async function open(world: World, size: Size = { width: 900, height: 700 }): Promise<BrowserPage> {
    const page = await openPage(size);
    await page.goTo(world.url);
    await page.until("document.getElementById('state').textContent === 'live'");
    return page;
  }

  const cards = (page: BrowserPage) =>
    page.evaluate(
      "[...document.querySelectorAll('article')].map((card) => card.className + '|' + card.querySelector('h2').textContent + '|' + card.querySelector('.leader').textContent)",
    );

  it('the live page shows who leads, with trouble first, and follows a failover without a reload', async () => {
    const world = await aWorld();
    world.annotate('accounts');
    world.route('accounts', 'postgres-0');
    world.annotate('billing');
    world.route('billing', null);
    const page = await open(world);
    await page.until("document.querySelectorAll('article').length === 2");
    expect(await cards(page)).toEqual([
      'trouble|shop/billing → billing-leader|no pod',
      '|shop/accounts → accounts-leader|postgres-0',
    ]);
    expect(await page.evaluate('document.title')).toBe('(1) zen-lead');

    world.route('accounts', 'postgres-1');
    await page.until(
      "document.querySelector('#changes li').textContent.includes('postgres-0 → postgres-1, the pod that led before was not Ready')",
    );
    // The mark of a change goes after a moment, which a busy machine may take to ask.
    await expect
      .poll(() => cards(page))
      .toContainEqual(expect.stringMatching(/^(?:changed)?\|shop\/accounts → accounts-leader\|postgres-1$/));
    world.remove('billing');
    await page.until("document.querySelectorAll('article').length === 1");
    expect(page.errors).toEqual([]);
  });

  it('the live page has a card for each election of a Service, and for each slot of a pool', async () => {
    const world = await aWorld();
    const elections = { elections: 'writer, cron' };
    world.annotate('app', elections);
    world.route('app', 'postgres-0', 'writer');
    world.route('app', null, 'cron');
    world.annotate('gateway', { active: '2' });
    world.route('gateway', 'postgres-0');
    const page = await open(world);
    await page.until("document.querySelectorAll('article').length === 4");
    expect(await cards(page)).toEqual([
      'trouble|shop/app/cron → app-cron|no pod',
      'trouble|shop/gateway//1 → gateway-leader|no pod',
      '|shop/app/writer → app-writer|postgres-0',
      '|shop/gateway → gateway-leader|postgres-0',
    ]);
    const summary = await page.evaluate("document.getElementById('summary').textContent");
    expect(summary).toBe('2 Services, 2 without a leader');

    world.route('app', 'postgres-1', 'cron');
    await page.until(
      "document.querySelector('#changes li').textContent.includes('shop/app/cron: no pod → postgres-1, the pod that led before was not Ready')",
    );
    expect(await page.evaluate("document.querySelectorAll('#changes time').length")).toBe(1);
    await page.evaluate(axe);
    const found = await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id }) => id))');
    expect(found).toEqual([]);

    world.annotate('gateway', { active: '1' });
    await page.until("document.querySelectorAll('article').length === 3");
    world.remove('gateway');
    await page.until("document.querySelectorAll('article').length === 2");
    expect(page.errors).toEqual([]);
  });

  it('the live page shows who holds a lock and who waits, and nothing where no locks are kept', async () => {
    const world = await aWorld();
    const page = await open(world);
    expect(await page.evaluate("document.getElementById('locks').hidden")).toBe(true);
    const at = '2026-11-20T10:00:00.000Z';
    const lock = { namespace: 'shop', name: 'reports', held: true, token: 7, acquiredAt: at, renewedAt: at };
    world.lock([{ ...lock, holder: 'reports-1', queue: ['w1', 'w2', 'w3', 'w4', 'w5', 'w6'] }]);
    const text = "document.getElementById('lock-list').textContent";
    await page.until(`${text}.includes('held by reports-1, token 7')`);
    expect(await page.evaluate(text)).toContain('6 wait: w1, w2, w3, w4, w5 and 1 more');
    world.lock([{ ...lock, holder: '<img src=x onerror=alert(1)>', queue: [] }]);
    await page.until(`${text}.includes('held by <img')`);
    world.lock([]);
    await page.until(`${text} === 'none is held'`);
    expect(page.errors).toEqual([]);
  });

  it.each([
    ['a desk', { width: 1200, height: 800 }],
    ['a phone', { width: 390, height: 800 }],
  ])('the live page has no fault that axe-core finds, on %s', async (_, size) => {
    const world = await aWorld();
    world.annotate('accounts', { paused: 'False' });
    world.route('accounts', 'postgres-0');
    world.annotate('billing');
    world.route('billing', null);
    const at = '2026-11-20T10:00:00.000Z';
    const times = { acquiredAt: at, renewedAt: at };
    world.lock([
      { namespace: 'shop', name: 'reports', held: true, token: 7, holder: 'reports-1', queue: ['w1'], ...times },
    ]);
    const page = await open(world, size);
    await page.until("document.querySelectorAll('article').length === 2");
    await page.until("document.getElementById('lock-list').textContent.includes('w1')");
    await page.evaluate(axe);
    const found = await page.evaluate(
      "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target, failureSummary }) => target + ' ' + failureSummary).join('; ')))",
    );
    expect(found).toEqual([]);
  });

  it('the live page names a pause and what cannot be read', async () => {
    const world = await aWorld();
    world.annotate('billing', { paused: 'False' });
    world.route('billing', 'postgres-0');
    const page = await open(world);
    await page.until("document.querySelectorAll('.note').length === 2");
    expect(
      await page.evaluate("[...document.querySelectorAll('.note')].map((note) => note.textContent).join('\\n')"),
    ).toMatch(/Paused: the leader does not move.*\nInvalidAnnotation: zen-lead.io\/paused cannot be read: "False"/);
  });

  it('the live page says that the connection is lost, and is whole again when it is back', async () => {
    const first = await aWorld();
    first.annotate('accounts');
    first.annotate('billing');
    const page = await open(first);
    await page.until("document.querySelectorAll('article').length === 2");
    await first.stop();
    await page.until("document.getElementById('state').className === 'cut'");
    const second = await aWorld(Number(new URL(first.url).port));
    second.annotate('accounts');
    await page.until("document.getElementById('state').textContent === 'live'");
    // What has gone meanwhile goes from the page too.
    await page.until("document.querySelectorAll('article').length === 1");
  });

  it('the live page finds a Service among 500, and is no wider than a phone', async () => {
    const world = await aWorld();
    for (let number = 0; number < 500; number += 1) world.annotate(`a-service-with-quite-a-long-name-number-${number}`);
    const page = await open(world, { width: 360, height: 640 });
    // The page shows 300 cards at most, so their number does not say that all 500 have arrived.
    await page.until("document.getElementById('summary').textContent.includes('500 Services')");
    await page.until("document.querySelectorAll('article').length === 300");
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    await page.evaluate(
      "(() => { const filter = document.getElementById('filter'); filter.value = 'number-499'; filter.dispatchEvent(new Event('input')); })()",
    );
    await page.until("document.querySelectorAll('article').length === 1");
  });

  it('axe-core finds nothing on the live page, with changes, notes and a pod that is excluded', async () => {
    const world = await aWorld();
    world.annotate('billing', { paused: 'False' });
    world.annotate('accounts');
    world.route('accounts', 'postgres-0');
    const page = await open(world);
    await page.until("document.querySelectorAll('article').length === 2");
    world.route('accounts', 'postgres-1');
    await page.until("document.querySelectorAll('#changes time').length > 0");
    expect(await listViolations(page)).toEqual([]);
  });
});
