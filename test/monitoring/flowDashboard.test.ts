import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { aStep } from '../support/objects/aFlow.ts';
import { aFlowCluster } from '../support/programs/aFlowCluster.ts';
import { startFlowBridgeTo, startFlowFunctionsOn } from '../support/programs/flowHalves.ts';
import { startPrometheus } from './startPrometheus.ts';

const dashboard = z
  .object({
    panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) })),
  })
  .parse(JSON.parse(readFileSync(new URL('../../deploy/flow/grafana/zen-flow.json', import.meta.url), 'utf8')));

/** Fills in the variables as Grafana does, for a run of a few seconds. */
const fillIn = (expression: string): string =>
  expression
    .replaceAll('$__rate_interval', '15s')
    .replaceAll('$__range', '1m')
    .replaceAll(/\$(?:cluster|namespace|flow)\b/g, '.*');

it('Prometheus takes every query of the dashboard of flows, and those about functions show a real run', async () => {
  const cluster = await aFlowCluster();
  const functions = await startFlowFunctionsOn(cluster.server);
  startFlowBridgeTo(cluster.server, functions.url);
  const prometheus = await startPrometheus([functions.url]);
  const queries = dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })));
  expect(queries.length).toBeGreaterThan(25);
  for (const { title, expr } of queries)
    await expect(prometheus.query(fillIn(expr)), `${title}: ${expr}`).resolves.toBeInstanceOf(Array);
  // A rate needs two samples, so flows run until both are there.
  let flows = 0;
  const shown = async (): Promise<readonly string[]> => {
    flows += 1;
    cluster.objects.create({
      apiVersion: 'workflow.kube-zen.io/v1alpha1',
      kind: 'JobFlow',
      metadata: { namespace: 'default', name: `nightly${flows}` },
      spec: { steps: [aStep('a'), aStep('b', 'a')] },
    });
    const answers = await Promise.all(
      queries.map(async ({ title, expr }) => ({ title, samples: await prometheus.query(fillIn(expr)) })),
    );
    return answers.filter(({ samples }) => samples.length > 0).map(({ title }) => title);
  };
  const expected = ['Hops', 'Step duration', 'Record size', 'Calls to the API server', 'Step execution rate'];
  await expect
    .poll(shown, { timeout: 30_000, interval: 1_000 })
    .toEqual(expect.arrayContaining([...expected, 'Phase transition rate', 'Reconciliation duration']));
});
