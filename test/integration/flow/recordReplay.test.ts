/** A recorder beside a zen-flow that does the work, and what replay makes of its recording. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startFlowBridge } from '../../../bridge/startFlowBridge.ts';
import { createDryFlowSink } from '../../../cli/flow/recording/dryFlowSink.ts';
import { packDelivery } from '../../../cli/flow/recording/packDelivery.ts';
import { toLine } from '../../../lib/recording/recordedLine.ts';
import { createFlowMetrics } from '../../../lib/telemetry/flowMetrics.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { aManualStep, aStep } from '../../support/objects/aFlow.ts';
import { aFlowCluster, connect, type FlowCluster } from '../../support/programs/aFlowCluster.ts';
import { typeFlowCommand } from '../../support/programs/typeCommand.ts';

function record(cluster: FlowCluster): readonly string[] {
  const { api, metrics } = connect(cluster.server);
  const lines: string[] = [];
  const bridge = startFlowBridge({
    ...{ api, metrics, clusterName: 'recorded', namespaces: [], log: silentLogger },
    sink: createDryFlowSink(api),
    flowMetrics: createFlowMetrics(metrics.registry),
    onDelivery: (delivery) => void lines.push(toLine(packDelivery(delivery))),
  });
  onTestFinished(async () => {
    await bridge.close();
    await api.close();
  });
  return lines;
}

function aFile(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'flow-recording-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'incident.jsonl');
  writeFileSync(file, text);
  return file;
}

/** Outputs, a retry, a question and a condition: decisions that read, and decisions that do not. */
async function aRecording(): Promise<readonly string[]> {
  const cluster = await aFlowCluster({ flaky: ['fail:3', 'ok'] }, 30, { build: '{"tag": "</title><b>v1"}' });
  const lines = record(cluster);
  cluster.startBridge();
  const parameters = [{ name: 'tag', valueFrom: { terminationMessage: { jsonPath: '$.tag' } } }];
  cluster.apply({
    steps: [
      aStep('build', [], { outputs: { parameters } }),
      aStep('flaky', 'build', { retryPolicy: { limit: 1, backoff: { duration: '20ms' }, when: 'exitCode == 3' } }),
      aStep('never', 'build', { when: "steps.build.outputs.tag == ''" }),
      aManualStep('ask', ['flaky']),
    ],
  });
  await cluster.untilPhase('Paused');
  cluster.annotate({ 'approved.workflow.kube-zen.io/ask': 'true' });
  await cluster.untilPhase('Succeeded');
  await expect.poll(() => lines.at(-1)).toContain('"decision":"finished"');
  return lines;
}

it('each decision of a recording is made again as recorded, without a cluster', async () => {
  const lines = await aRecording();
  const file = aFile(lines.join(''));
  const compared = await typeFlowCommand('replay', file, '--expect');
  expect(compared).toMatchObject({ code: 0, stderr: '' });
  expect(compared.stdout).toMatch(/^\d+ passes of 1 flow from \S+ to \S+: .*; all as recorded\n$/);
  expect(lines.join('')).toContain('"facts":{"outputs":{"build/1":{"tag":');

  const shown = await typeFlowCommand('replay', file);
  expect(shown.stdout).toMatch(/default\/nightly {2}advanced Running; build Succeeded;.* never Skipped WhenFalse/);
  expect((await typeFlowCommand('replay', file, '--flow', 'default/other')).stdout).toBe('no pass of any flow\n');
  expect(await typeFlowCommand('replay', file, '--flow', 'other')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('"other" does not name a flow'),
  });

  // By other rules the step would not have started.
  const changed = lines.map((line) => line.replace('"to":"Running"', '"to":"Skipped"')).join('');
  const differing = await typeFlowCommand('replay', aFile(changed), '--expect');
  expect(differing.code).toBe(1);
  expect(differing.stdout).toMatch(/- recorded {2}.* Skipped[\s\S]*\+ today {5}.* Running/);

  const page = join(file, '..', 'page.html');
  expect(await typeFlowCommand('replay', file, '--html', page)).toMatchObject({ code: 0 });
  const html = readFileSync(page, 'utf8');
  expect(html).toContain('<rect class="Succeeded"');
  expect(html.match(/<text /g)).toHaveLength(4);
  expect(html).not.toContain('<script');
});

it('a recording that is broken, or hostile, costs the line and not the rest', async () => {
  const good = (await aRecording()).at(-1) ?? '';
  const deep = `{"event":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`;
  const { event, reply } = JSON.parse(good);
  const hostile = [
    deep,
    '{"event":{"specversion":"1.0"',
    JSON.stringify({ event: { ...event, subject: 'namespaces/../jobflows/x' }, reply: null }),
    JSON.stringify({ event: { ...event, data: { ...event.data, snapshot: { flow: 1 } } }, reply: null, sentAt: 1 }),
    JSON.stringify({ event, reply: { ...reply, data: { ...reply.data, facts: { outputs: 'x' } } } }),
    JSON.stringify({ event, reply: { ...reply, data: { ...reply.data, basis: 'read', snapshot: { jobs: 'x' } } } }),
  ];
  const { code, stdout, stderr } = await typeFlowCommand('replay', aFile(`${hostile.join('\n')}\n${good}`), '--all');
  expect(code).toBe(2);
  expect(stdout).toContain('1 pass of 1 flow');
  expect(stdout).toContain('6 lines could not be read');
  for (const line of [1, 2, 3, 4, 5, 6]) expect(stderr).toMatch(new RegExp(`incident.jsonl:${line}: .`));
});
