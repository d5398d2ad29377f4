import { request } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { createStatusFeed } from '../../../api/statusFeed.ts';
import { startProbes } from '../../../cli/serve/startProbes.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';

async function startServer(): Promise<(path: string, host: string) => Promise<number | undefined>> {
  const feed = createStatusFeed();
  const isReady = () => ({ ready: true, reasons: [] });
  const statusHosts = ['zen-lead.example.com'];
  const options = { host: '127.0.0.1', port: 0, metrics: createMetrics(), isReady, feed, statusHosts };
  const { url, close } = await startProbes(options);
  onTestFinished(async () => {
    feed.close();
    await close();
  });
  return (path, host) =>
    new Promise((resolve, reject) => {
      const sent = request(`${url}${path}`, { headers: { host }, agent: false }, (response) => {
        resolve(response.statusCode);
        response.destroy();
      });
      sent.once('error', reject).end();
    });
}

const paths = ['/', '/v1/leaders', '/v1/leaders/shop/db', '/v1/events', '/v1/openapi.json'];

it.each(['evil.example', 'evil.example:8081', 'localhost.evil.example', '127.0.0.1.nip.io', 'a@127.0.0.1', '[x]'])(
  'shows leaders to no page that has rebound its name to this port: %j',
  async (host) => {
    const ask = await startServer();
    for (const path of paths) expect(await ask(path, host), path).toBe(421);
  },
);

it.each(['127.0.0.1:8081', '10.1.2.3', '[::1]:8081', 'LOCALHOST:8081', 'Zen-Lead.example.com'])(
  'answers for an IP address, localhost and a name that is set: %s',
  async (host) => {
    const ask = await startServer();
    for (const path of paths) expect(await ask(path, host), path).not.toBe(421);
  },
);

it('answers probes and scrapes whatever name they use', async () => {
  const ask = await startServer();
  for (const path of ['/livez', '/readyz', '/metrics']) expect(await ask(path, 'evil.example'), path).toBe(200);
});
