import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { LANE } from '../../../cli/replay/browser/scene.ts';
import { decideAgain, type Replayed } from '../../../cli/replay/decideAgain.ts';
import { createHtmlTimeline } from '../../../cli/replay/htmlTimeline.ts';
import { parseLine } from '../../../lib/recording/parseLine.ts';
import { toLine } from '../../../lib/recording/recordedLine.ts';
import { describeInBrowser } from '../../support/browser/describeInBrowser.ts';
import { listViolations } from '../../support/browser/listViolations.ts';
import type { BrowserPage, Size } from '../../support/browser/openBrowser.ts';
import { aDelivery, T0 } from '../../support/objects/aDelivery.ts';
import { aCandidate, aSnapshot, aSource, uid } from '../../support/objects/anEvent.ts';

interface ReconcileOptions {
  readonly service?: string;
  readonly at: number;
  readonly readyPod: string | null;
}

/** Made once a Service and state: 100,000 of them must not be what the test waits for. */
const known = new Map<string, Replayed>();

/** Without a record in the snapshot, every reconcile elects a pod that is Ready. */
function aRecordedReconcile({ service = 'db', at, readyPod }: ReconcileOptions): Replayed {
  const key = `${service} ${readyPod}`;
  const replayed = known.get(key) ?? decideOn(service, readyPod);
  known.set(key, replayed);
  return { ...replayed, reconcile: { ...replayed.reconcile, at } };
}

function decideOn(service: string, readyPod: string | null): Replayed {
  const snapshot = aSnapshot({
    name: service,
    source: aSource({ name: service }),
    candidates: ['one', 'two', '<b>three'].map((name) =>
      aCandidate({ name, uid: uid(name), ready: name === readyPod, ports: [{ name: 'pg', port: 1, protocol: 'TCP' }] }),
    ),
  });
  const line = parseLine(toLine(aDelivery({ snapshot, at: T0 })).trimEnd());
  if (line.kind !== 'reconcile') throw new Error('no reconcile');
  return decideAgain(line);
}

describeInBrowser('the page of replay --html', (openPage) => {
  const folder = mkdtempSync(join(tmpdir(), 'zen-lead-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  async function open(
    reconciles: Iterable<ReconcileOptions>,
    size: Size = { width: 1_000, height: 500 },
  ): Promise<BrowserPage> {
    const timeline = createHtmlTimeline();
    let lineNumber = 0;
    for (const reconcile of reconciles) {
      lineNumber += 1;
      timeline.add(aRecordedReconcile(reconcile), `r.jsonl:${lineNumber}`);
    }
    const path = join(folder, `${lineNumber}.html`);
    writeFileSync(path, timeline.render());
    const page = await openPage(size);
    await page.goTo(pathToFileURL(path).href);
    return page;
  }

  const tip = (page: BrowserPage) => page.evaluate("document.getElementById('tip').textContent");
  const summary = (page: BrowserPage) => page.evaluate("document.getElementById('summary').textContent");
  /** The colour of the canvas at a point of the page. */
  const colourAt = (page: BrowserPage, x: number, y: number) =>
    page.evaluate(`(() => {
      const canvas = document.getElementById('lanes'), { left, top } = canvas.getBoundingClientRect();
      return [...canvas.getContext('2d').getImageData(${x} - left, ${y} - top, 1, 1).data].join(',');
    })()`);
  /**
   * The times that stand on the axis once `change` has been drawn: what a person sees of how far
   * the page is zoomed.
   */
  const axisAfter = async (page: BrowserPage, change: string): Promise<readonly number[]> => {
    const texts = (await page.evaluate(`(async () => {
      const pen = CanvasRenderingContext2D.prototype, real = pen.fillText, texts = [];
      pen.fillText = function (text, ...rest) { texts.push(text); return real.call(this, text, ...rest); };
      ${change};
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      pen.fillText = real;
      return texts;
    })()`)) as readonly string[];
    return texts.filter((text) => /^\d\d:\d\d:\d\d/.test(text)).map((text) => Date.parse(`2026-11-20T${text}Z`));
  };
  const spanOf = (axis: readonly number[]) => Math.max(...axis) - Math.min(...axis);
  const laneTop = (page: BrowserPage) =>
    page.evaluate("document.getElementById('lanes').getBoundingClientRect().top + 26");

  it('the timeline says the reason for what the mouse is at, and text of a recording stays text', async () => {
    const page = await open([
      { at: T0, readyPod: 'one' },
      { at: T0 + 10_000, readyPod: null },
      { at: T0 + 20_000, readyPod: '<b>three' },
    ]);
    expect(await summary(page)).toContain('3 reconciles of 1 Service, 2 changes of leader');
    const y = Number(await laneTop(page)) + 22;
    // 200 px of labels, then 800 px for 20 s and 2 % on each side.
    const x = (seconds: number) => 200 + ((seconds + 0.4) / 20.8) * 800;
    await page.moveMouse(x(0), y);
    await page.until("document.getElementById('tip').textContent.includes('one: no pod led before')");
    expect(await tip(page)).toContain('(r.jsonl:1)');
    await page.moveMouse(x(15), y);
    await page.until("document.getElementById('tip').textContent.includes('lost NoReadyPods')");
    await page.moveMouse(x(20), y);
    await page.until("document.getElementById('tip').textContent.includes('<b>three')");
    expect(await page.evaluate("document.querySelectorAll('#tip b').length")).toBe(1);
    expect(page.errors).toEqual([]);
  });

  it('the timeline draws each leader in a colour of its own', async () => {
    const page = await open([
      { at: T0, readyPod: 'one' },
      { at: T0 + 10_000, readyPod: 'two' },
      { at: T0 + 20_000, readyPod: 'two' },
      { at: T0 + 20_001, readyPod: 'two' },
    ]);
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    const y = Number(await laneTop(page)) + 28;
    expect(await colourAt(page, 400, y)).toBe('0,114,178,255');
    expect(await colourAt(page, 800, y)).toBe('0,158,115,255');
  });

  it('the page of replay --html goes from change to change with a key, and zooms', async () => {
    const page = await open([0, 1, 2, 3, 4].map((n) => ({ at: T0 + n * 60_000, readyPod: n < 3 ? 'one' : 'two' })));
    const press = (keys: string) =>
      `for (const key of '${keys}') document.dispatchEvent(new KeyboardEvent('keydown', { key }))`;
    await page.evaluate(press('nn'));
    expect(await tip(page)).toContain('10:03:00.000Z');
    expect(spanOf(await axisAfter(page, press('++++')))).toBeLessThan(16_000);
    expect(spanOf(await axisAfter(page, press('0')))).toBeGreaterThan(200_000);
  });

  it('the timeline fits a phone, and nothing is wider than the screen', async () => {
    const reconciles = Array.from({ length: 30 }, (_, n) => ({
      service: `a-rather-long-name-of-a-service-${n}`,
      at: T0 + n,
      readyPod: 'one',
    }));
    const page = await open(reconciles, { width: 360, height: 640 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await page.evaluate("document.getElementById('scroll').scrollHeight")).toBe(26 + 30 * 40);
  });

  it('the timeline draws 100,000 reconciles of 50 Services with no more strokes than there are pixels in the lanes', {
    timeout: 60_000,
  }, async () => {
    const pods = ['one', 'two', null];
    function* reconciles() {
      for (let n = 0; n < 100_000; n += 1) {
        yield { service: `s-${n % 50}`, at: T0 + n * 30, readyPod: pods[Math.floor(n / 5_000) % 3] ?? null };
      }
    }
    const page = await open(reconciles());
    expect(await summary(page)).toContain('100,000 reconciles of 50 Services');
    const { strokes, width, lanes } = (await page.evaluate(`(async () => {
      const real = CanvasRenderingContext2D.prototype.fillRect;
      let strokes = 0;
      CanvasRenderingContext2D.prototype.fillRect = function (...args) { strokes++; return real.apply(this, args); };
      document.getElementById('scroll').dispatchEvent(new Event('scroll'));
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      CanvasRenderingContext2D.prototype.fillRect = real;
      const { clientWidth, clientHeight } = document.getElementById('scroll');
      return { strokes, width: clientWidth, lanes: Math.ceil(clientHeight / ${LANE}) + 1 };
    })()`)) as { strokes: number; width: number; lanes: number };
    expect(strokes).toBeGreaterThan(lanes);
    expect(strokes).toBeLessThan(lanes * width);
    expect(page.errors).toEqual([]);
  });

  it('axe-core finds nothing on the timeline', async () => {
    const page = await open([
      { at: T0, readyPod: 'one' },
      { at: T0 + 60_000, readyPod: null },
    ]);
    expect(await listViolations(page)).toEqual([]);
  });
});
