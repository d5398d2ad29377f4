import { expect, it } from 'vitest';
import { aBusyRun } from '../support/programs/aBusyRun.ts';
import { startPrometheus } from './startPrometheus.ts';

it('the alert fires while the leader Service routes to no pod, and resolves when it routes to one', async () => {
  const { urls, writeReady, readRoute } = await aBusyRun();
  const prometheus = await startPrometheus([urls.run]);
  const firing = async () => {
    const alerts = await prometheus.alerts();
    return alerts
      .filter(({ state, labels }) => state === 'firing' && labels['service'] === 'db' && labels['namespace'] === 'shop')
      .map(({ labels }) => labels['alertname']);
  };
  const outage = ['ZenLeadLeaderServiceWithoutEndpoints', 'ZenLeadNoPodsAvailable'];
  await expect.poll(firing, { timeout: 20_000 }).toContain('ZenLeadFailoverOccurred');
  expect(await firing()).not.toEqual(expect.arrayContaining(outage));

  await writeReady('db-0', false);
  await writeReady('db-1', false);
  await expect.poll(() => readRoute('db'), { timeout: 10_000 }).toEqual([]);
  await expect.poll(firing, { timeout: 20_000 }).toEqual(expect.arrayContaining(outage));

  await writeReady('db-1', true);
  await expect.poll(() => readRoute('db'), { timeout: 10_000 }).toEqual(['10.0.0.11']);
  await expect
    .poll(async () => (await firing()).filter((name) => outage.includes(name ?? '')), { timeout: 20_000 })
    .toEqual([]);

  // People read the annotations, so their templates have to be filled in.
  for (const { labels, annotations } of await prometheus.alerts())
    expect(Object.values(annotations).join(' '), labels['alertname']).not.toMatch(/\{\{|<no value>|<error/);
});

it('an alert fires when no bridge is scraped', async () => {
  const { urls } = await aBusyRun();
  // Functions alone watch nothing.
  const blind = await startPrometheus([urls.functions]);
  const names = async () =>
    (await blind.alerts()).filter(({ state }) => state === 'firing').map(({ labels }) => labels['alertname']);
  await expect.poll(names, { timeout: 20_000 }).toContain('ZenLeadControllerDown');
});
