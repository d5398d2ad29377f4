import { Counter, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { createServiceSeries } from '../../../lib/telemetry/serviceSeries.ts';

function aCounter(limit: number) {
  const clock = { now: 0 };
  const services = createServiceSeries(limit, () => clock.now);
  const options = { name: 'c', help: 'c', labelNames: ['namespace', 'service', 'result'], registers: [new Registry()] };
  const counter = services.bound(new Counter(options));
  const count = (service: string, result = 'success') => counter.inc({ namespace: 'shop', service, result });
  const read = async () =>
    Object.fromEntries(
      (await counter.get()).values.map(({ labels, value }) => [Object.values(labels).join(' '), value]),
    );
  return { services, count, read, clock };
}

describe('the series of Services', () => {
  it('the series of Services are as many as the limit, and the rest is counted without a name', async () => {
    const { count, read } = aCounter(2);
    for (const service of ['a', 'b', 'c', 'd', 'a', 'c']) count(service);
    expect(await read()).toEqual({ 'shop a success': 2, 'shop b success': 1, '  success': 3 });
  });

  it('the series of Services are none with a limit of 0', async () => {
    const { count, read } = aCounter(0);
    count('a');
    expect(await read()).toEqual({ '  success': 1 });
  });

  it('the series of Services go with the Service, whatever their other labels, and make room', async () => {
    const { services, count, read } = aCounter(1);
    count('a');
    count('a', 'error');
    services.drop({ namespace: 'shop', service: 'a' });
    expect(await read()).toEqual({});
    count('b');
    expect(await read()).toEqual({ 'shop b success': 1 });
  });

  it('make room after an hour without a count, and not before', async () => {
    const { count, read, clock } = aCounter(2);
    count('a');
    count('b');
    clock.now = 3_599_999;
    count('b');
    count('c');
    expect(await read()).toEqual({ 'shop a success': 1, 'shop b success': 2, '  success': 1 });
    clock.now = 3_600_000;
    count('c');
    expect(await read()).toEqual({ 'shop b success': 2, 'shop c success': 1, '  success': 1 });
  });

  it('are those of the last 16 elections of a Service, however often a user renames them', async () => {
    const services = createServiceSeries(2);
    const labelNames = ['namespace', 'service', 'election', 'result'];
    const counter = services.bound(new Counter({ name: 'c', help: 'c', labelNames, registers: [new Registry()] }));
    const count = (labels: object) => counter.inc({ namespace: 'shop', service: 'a', ...labels });
    count({ result: 'success' });
    for (let n = 0; n < 100; n += 1) {
      count({ election: 'writer', result: 'success' });
      for (const result of ['success', 'error']) count({ election: `e${n}`, result });
    }
    const { values } = await counter.get();
    const elections = new Set(values.map(({ labels }) => labels['election']));
    expect([...elections].toSorted()).toEqual(
      ['writer', ...Array.from({ length: 15 }, (_, n) => `e${85 + n}`), undefined].toSorted(),
    );
    expect(values.find(({ labels }) => labels['election'] === 'writer')?.value).toBe(100);
    expect(values).toHaveLength(32);
  });

  it('bound every counter that has a label for a namespace', async () => {
    const metrics = createMetrics({ perServiceLimit: 0 });
    const counters = Object.values(metrics).filter((each) => each instanceof Counter);
    for (const counter of counters as Counter[]) {
      const { labelNames } = counter as unknown as { readonly labelNames: readonly string[] };
      if (labelNames.includes('namespace'))
        counter.inc(Object.fromEntries(labelNames.map((name) => [name, 'stranger'])));
    }
    const page = await metrics.registry.metrics();
    expect(page).toContain('namespace=""');
    expect(page).not.toMatch(/(namespace|service)="stranger"/);
  });
});
