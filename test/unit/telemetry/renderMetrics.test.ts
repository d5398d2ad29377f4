import { Gauge, Histogram, Registry } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { renderMetrics } from '../../../lib/telemetry/renderMetrics.ts';
import { shareResult } from '../../../lib/telemetry/shareResult.ts';

/** The page, and how often the event loop turned meanwhile. */
async function renderAndCount(registry: Registry): Promise<{ page: string; turns: number }> {
  let turns = 0;
  const count = () => {
    turns += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  const page = await renderMetrics(registry);
  clearImmediate(next);
  return { page, turns };
}

describe('the page of /metrics', () => {
  it('the page of /metrics is what prom-client renders, and lets the event loop turn after each metric', async () => {
    const { registry, reconciliations } = createMetrics();
    reconciliations.inc({ namespace: 'shop', service: 'db', result: 'success' });
    const { page, turns } = await renderAndCount(registry);
    expect(turns).toBeGreaterThanOrEqual(registry.getMetricsAsArray().length - 1);
    // The series of Node come and go with open handles and collections.
    const isSteady = (line: string) => !line.startsWith('nodejs_');
    const names = (text: string) =>
      text
        .split('\n')
        .filter(isSteady)
        .map((line) => line.replace(/ [^ ]*$/, ''));
    expect(names(page)).toEqual(names(await registry.metrics()));
  });

  it('the page of /metrics is what prom-client renders with many series, in portions', async () => {
    const registry = new Registry();
    const gauge = new Gauge({
      name: 'pods',
      help: 'Pods.\nOf a "Service".',
      labelNames: ['service'],
      registers: [registry],
    });
    const seconds = new Histogram({ name: 'seconds', help: 'Lag.', labelNames: ['stage'], registers: [registry] });
    for (let at = 0; at < 1_001; at += 1) gauge.set({ service: `db-"${at}"\n` }, at);
    seconds.observe({ stage: 'write' }, 0.3);
    const { page, turns } = await renderAndCount(registry);
    expect(turns).toBeGreaterThanOrEqual(5);
    expect(page).toBe(await registry.metrics());
  });
});

describe('a shared result', () => {
  it('a shared result is computed once for all who ask at the same time, and again when it is too old', async () => {
    const clock = { now: 0 };
    const compute = vi.fn(async () => clock.now);
    const read = shareResult(1_000, compute, () => clock.now);
    expect(await Promise.all([read(), read(), read()])).toEqual([0, 0, 0]);
    clock.now = 999;
    expect(await read()).toBe(0);
    clock.now = 1_000;
    expect(await read()).toBe(1_000);
    expect(compute).toHaveBeenCalledTimes(2);
  });

  it('a shared result is shared while it is computed, however long that takes', async () => {
    const clock = { now: 0 };
    const computing = Promise.withResolvers<string>();
    const compute = vi.fn(() => computing.promise);
    const read = shareResult(1_000, compute, () => clock.now);
    const first = read();
    clock.now = 5_000;
    const second = read();
    computing.resolve('page');
    expect(await Promise.all([first, second])).toEqual(['page', 'page']);
    expect(compute).toHaveBeenCalledTimes(1);
  });

  it('a shared result is not kept when it failed', async () => {
    const compute = vi.fn(async () => 'page').mockRejectedValueOnce(new Error('no'));
    const read = shareResult(1_000, compute, () => 0);
    await expect(read()).rejects.toThrow('no');
    await Promise.resolve();
    expect(await read()).toBe('page');
  });
});
