import { expect, it } from 'vitest';
import { createStatusFeed } from '../../../../api/statusFeed.ts';
import { startProbes } from '../../../../cli/serve/startProbes.ts';
import { createMetrics } from '../../../../lib/telemetry/metrics.ts';
import { dripInto } from '../../../support/servers/dripInto.ts';

it('the probes cut off who sends headers byte by byte', async () => {
  const feed = createStatusFeed();
  const isReady = () => ({ ready: true, reasons: [] });
  const options = { host: '127.0.0.1', port: 0, metrics: createMetrics(), isReady, feed, receiveTimeoutMs: 200 };
  const probes = await startProbes(options);
  try {
    const port = Number(new URL(probes.url).port);
    expect(await dripInto(port, 'GET /livez HTTP/1.1\r\nhost: x\r\n', 'x: y\r\n')).toMatch(/^HTTP\/1\.1 408 /);
  } finally {
    feed.close();
    await probes.close();
  }
});
