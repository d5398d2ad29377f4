import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createStore } from '../../../bridge/store.ts';
import { startProbes } from '../../../cli/startProbes.ts';
import { createStatusFeed, type StatusFeed } from '../../../cli/status/statusFeed.ts';
import { buildSnapshot } from '../../../lib/selection/buildSnapshot.ts';
import type { SliceView } from '../../../lib/selection/snapshot.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { aPod, aService, uidOf, version } from '../../model/builders.ts';
import { type Browser, type BrowserPage, findBrowser, openBrowser, type Size } from './openBrowser.ts';

const command = findBrowser();
const revisions = { pods: version(1), services: version(1), slices: version(1) };
const NAMESPACE = 'shop';

interface World {
  readonly feed: StatusFeed;
  readonly url: string;
  annotate(service: string, annotations?: Readonly<Record<string, string>>): void;
  /** Null: nobody. */
  route(service: string, pod: string | null): void;
  remove(service: string): void;
  stop(): Promise<void>;
}

/** A store as a bridge fills it, behind the real server. */
async function aWorld(port = 0): Promise<World> {
  const store = createStore();
  const feed = createStatusFeed();
  const isReady = () => ({ ready: true, reasons: [] });
  feed.follow({
    store,
    readiness: isReady,
    snapshotOf: ({ namespace, name }) =>
      buildSnapshot({ ...store.namespace(namespace).stateOf(name), namespace, revisions }),
  });
  const server = await startProbes({ host: '127.0.0.1', port, metrics: createMetrics(), isReady, feed });
  onTestFinished(() => server.close());
  const note = (name: string) => feed.note({ namespace: NAMESPACE, name });
  return {
    feed,
    url: server.url,
    annotate(service, annotations = {}) {
      store.applyService({ kind: 'added', object: aService(annotations, { name: service }) });
      for (const number of [0, 1]) store.applyPod({ kind: 'added', object: aPod({ name: `postgres-${number}` }) }, 0);
      note(service);
    },
    route(service, pod) {
      store.applySlice({ kind: 'added', object: aSlice(service, pod) }, true);
      note(service);
    },
    remove(service) {
      store.applyService({ kind: 'deleted', object: aService({}, { name: service }) });
      store.applySlice({ kind: 'deleted', object: aSlice(service, null) }, true);
      note(service);
    },
    stop: () => server.close(),
  };
}

function aSlice(service: string, pod: string | null): SliceView {
  const targetRef = { kind: 'Pod', namespace: NAMESPACE, name: pod ?? '', uid: uidOf(pod ?? '') };
  const endpoint = { addresses: ['10.0.0.1'], ready: true, serving: true, terminating: false, targetRef };
  const record = { epoch: '7', 'pods-revision': '1', 'services-revision': '1', reason: 'LeaderNotReady' };
  const led = pod === null ? {} : { 'leader-pod-name': pod, 'leader-pod-uid': uidOf(pod) };
  const annotations = { ...record, ...led, 'leader-last-switch-time': '2026-01-01T00:00:00Z' };
  return {
    namespace: NAMESPACE,
    name: `${service}-leader-ipv4`,
    uid: uidOf(`${service}-slice`),
    resourceVersion: version(5),
    serviceName: `${service}-leader`,
    managedBy: 'zen-lead.io',
    annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`zen-lead.io/${key}`, value])),
    owner: { kind: 'Service', name: service, uid: uidOf(service) },
    terminating: false,
    spec: { addressType: 'IPv4', endpoints: pod === null ? [] : [endpoint], ports: [] },
  };
}

describe.skipIf(command === null)('the live page, in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(command ?? '');
  }, 60_000);
  afterAll(() => browser.close());

  async function open(world: World, size: Size = { width: 900, height: 700 }): Promise<BrowserPage> {
    const page = await browser.openPage(size);
    await page.goTo(world.url);
    await page.until("document.getElementById('state').textContent === 'live'");
    return page;
  }

  const cards = (page: BrowserPage) =>
    page.evaluate(
      "[...document.querySelectorAll('article')].map((card) => card.className + '|' + card.querySelector('h3').textContent + '|' + card.querySelector('.leader').textContent)",
    );

  it('shows who leads, what is in trouble first, and follows a failover without a reload', async () => {
    const world = await aWorld();
    world.annotate('accounts');
    world.route('accounts', 'postgres-0');
    world.annotate('billing');
    world.route('billing', null);
    const page = await open(world);
    await page.until("document.querySelectorAll('article').length === 2");
    expect(await cards(page)).toEqual([
      'trouble|shop/billing → billing-leader|nobody',
      '|shop/accounts → accounts-leader|postgres-0',
    ]);
    expect(await page.evaluate('document.title')).toBe('(1) zen-lead');

    world.route('accounts', 'postgres-1');
    await page.until(
      "document.querySelector('#changes li').textContent.includes('postgres-0 → postgres-1, the pod that led before was not Ready')",
    );
    expect(await cards(page)).toContain('changed|shop/accounts → accounts-leader|postgres-1');
    world.remove('billing');
    await page.until("document.querySelectorAll('article').length === 1");
    expect(page.errors).toEqual([]);
  });

  it('names a pause and what cannot be read', async () => {
    const world = await aWorld();
    world.annotate('billing', { paused: 'False' });
    world.route('billing', 'postgres-0');
    const page = await open(world);
    await page.until("document.querySelectorAll('.note').length === 2");
    expect(
      await page.evaluate("[...document.querySelectorAll('.note')].map((note) => note.textContent).join('\\n')"),
    ).toMatch(/Paused: the leader does not move.*\nInvalidAnnotation: zen-lead.io\/paused cannot be read: "False"/);
  });

  it('says that the connection is lost, and is whole again when it is back', { timeout: 30_000 }, async () => {
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

  it('finds a Service among 500, and is no wider than a phone', async () => {
    const world = await aWorld();
    for (let number = 0; number < 500; number += 1) world.annotate(`a-service-with-quite-a-long-name-number-${number}`);
    const page = await open(world, { width: 360, height: 640 });
    await page.until("document.querySelectorAll('article').length === 300");
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await page.evaluate("document.getElementById('summary').textContent")).toContain('500 Services');
    await page.evaluate(
      "(() => { const filter = document.getElementById('filter'); filter.value = 'number-499'; filter.dispatchEvent(new Event('input')); })()",
    );
    await page.until("document.querySelectorAll('article').length === 1");
  });
});
