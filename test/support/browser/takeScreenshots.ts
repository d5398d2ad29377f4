/**
 * Makes the pictures in docs/images, by hand after a change of a page, with `node
 * test/support/browser/takeScreenshots.ts` in the root of the checkout. A real Chromium shows the
 * shipped recording, and a zen-lead at work on the embedded API.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { createStatusFeed } from '../../../api/statusFeed.ts';
import { startApiServer } from '../../../apiserver/startApiServer.ts';
import { replay } from '../../../cli/commands/replay.ts';
import { startProbes } from '../../../cli/serve/startProbes.ts';
import { startZenLead } from '../../../cli/serve/startZenLead.ts';
import { parseCommandLine } from '../../../lib/config/parseCommandLine.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { loadClusterAccess } from '../../../lib/kube/kubeconfig.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { aPodManifest, aPodStatus } from '../objects/aPodManifest.ts';
import { type Browser, findBrowser, openBrowser } from './openBrowser.ts';

const images = new URL('../../../docs/images/', import.meta.url);
/** From the root of the checkout, as in the tutorial, because the page shows the path. */
const recording = 'examples/recordings/forgotten-pause.jsonl';
const folder = mkdtempSync(join(tmpdir(), 'zen-lead-images-'));
const command = findBrowser();
if (command === null) process.exit(1);

const save = (name: string, base64: string) => writeFileSync(new URL(name, images), Buffer.from(base64, 'base64'));

async function takeTimeline(browser: Browser): Promise<void> {
  const html = join(folder, 'timeline.html');
  const line = parseCommandLine(['replay', recording, '--html', html], {});
  if (line.kind !== 'command' || line.name !== 'replay') throw new Error('no replay');
  await replay(line.values);
  const page = await browser.openPage({ width: 1_000, height: 420 });
  await page.goTo(pathToFileURL(html).href);
  // To the last change but one, where the leader is lost.
  for (const key of ['p', 'p']) {
    await page.evaluate(`document.dispatchEvent(new KeyboardEvent('keydown', { key: '${key}' }))`);
  }
  await sleep(200);
  save('timeline.png', await page.screenshot());
}

/** Five Services, each in another state. */
async function takeLivePage(browser: Browser): Promise<void> {
  const server = await startApiServer({ port: 0 });
  const kubeconfigPath = join(folder, 'kubeconfig');
  await server.writeKubeconfig(kubeconfigPath);
  const metrics = createMetrics();
  const api = createKubeApi(await loadClusterAccess({ kubeconfigPath }), { metrics });
  const feed = createStatusFeed();
  const zenLead = startZenLead({
    api,
    clusterName: 'demo',
    namespaces: [],
    metrics,
    log: silentLogger,
    onConcern: feed.note,
  });
  feed.follow(zenLead);
  const probes = await startProbes({ host: '127.0.0.1', port: 0, metrics, isReady: zenLead.readiness, feed });

  server.objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  const setReady = (name: string, ip: string, isReady: boolean) =>
    server.objects.patchStatus(
      { resource: 'pods', namespace: 'shop', name },
      { status: aPodStatus({ ready: isReady, ips: [ip] }) },
    );
  const services = ['orders', 'reports', 'billing', 'search', 'sessions'];
  for (const [index, name] of services.entries()) {
    for (const number of [0, 1, 2]) {
      const identity = { namespace: 'shop', name: `${name}-${number}`, labels: { app: name } };
      server.objects.create(aPodManifest({ ...identity, nodeName: `node-${'abc'[number]}` }));
      setReady(`${name}-${number}`, `10.0.${index}.${number + 1}`, name !== 'search');
    }
    const annotations = { 'zen-lead.io/enabled': 'true', ...(name === 'billing' && { 'zen-lead.io/paused': 'False' }) };
    const spec = { selector: { app: name }, ports: [{ port: 5432 }] };
    server.objects.create({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'shop', name, annotations },
      spec,
    });
    await sleep(300);
  }
  const pages = [
    { name: 'live-page.png', size: { width: 1_000, height: 560 } },
    { name: 'live-page-phone.png', size: { width: 390, height: 760 } },
  ];
  const opened = await Promise.all(
    pages.map(async ({ name, size }) => {
      const page = await browser.openPage(size);
      await page.goTo(probes.url);
      return { name, page };
    }),
  );
  await sleep(2_500);
  setReady('reports-0', '10.0.1.1', false);
  await sleep(3_500);
  for (const { name, page } of opened) save(name, await page.screenshot());
  await probes.close();
  feed.close();
  await zenLead.close();
  await api.close();
  await server.close();
}

mkdirSync(images, { recursive: true });
const browser = await openBrowser(command);
await takeTimeline(browser);
await takeLivePage(browser);
await browser.close();
rmSync(folder, { recursive: true });
