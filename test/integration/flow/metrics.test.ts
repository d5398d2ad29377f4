/** What the two halves of zen-flow count while flows run, retry, wait, time out and fail. */

import { expect, it } from 'vitest';
import { readFlowMetricRows } from '../../../lib/telemetry/renderFlowMetricsPage.ts';
import { aManualStep, aStep, aTemplate } from '../../support/objects/aFlow.ts';
import { aFlowCluster, FLOW } from '../../support/programs/aFlowCluster.ts';
import { startFlowBridgeTo, startFlowFunctionsOn } from '../../support/programs/flowHalves.ts';

// schedules.test.ts has it: here it would take until the next minute.
const elsewhere = 'zen_flow_schedule_runs_total';

it('the metrics of flows hold every documented series with its labels', async () => {
  const cluster = await aFlowCluster({ flaky: ['fail', 'ok'], slow: ['timeout'] });
  // Port 9 takes no announcement.
  const functions = await startFlowFunctionsOn(cluster.server, 'trusted', 0, 'http://127.0.0.1:9');
  const bridge = startFlowBridgeTo(cluster.server, functions.url);
  const retryPolicy = { limit: 1, backoff: { duration: '20ms' } };
  const refused = { spec: { ...Object(aTemplate['spec']), backoffLimit: -1 } };
  cluster.apply({
    parallelism: 1,
    steps: [
      aStep('flaky', [], { retryPolicy }),
      { name: 'bad', template: refused, dependencies: ['flaky'], continueOnFailure: true },
      aStep('slow', 'bad', { timeoutSeconds: 1, continueOnFailure: true }),
      aStep('waits', 'bad'),
      aManualStep('q', ['slow', 'waits']),
      aStep('late', 'q'),
    ],
  });
  await expect.poll(() => cluster.made).toContain('slow/1');
  await expect.poll(() => bridge.count('steps_waiting')).toMatchObject({ 'reason="Parallelism"': 1 });
  expect(await bridge.count('steps')).toMatchObject({ 'flow="nightly",phase="Running"': 1 });
  expect(await bridge.count('step_execution_queue_depth')).toEqual({ 'flow="nightly"': 1 });
  const earlier = [await bridge.page()];
  await cluster.untilPhase('Paused');
  await expect.poll(() => bridge.count('approvals_pending')).toEqual({ 'flow="nightly"': 1 });
  expect(await bridge.count('jobflows')).toEqual({ 'phase="Paused",namespace="default"': 1 });
  expect(Object.keys(await bridge.count('jobflow_oldest_seconds'))).toEqual(['phase="Paused"']);
  expect((await bridge.count('approval_oldest_seconds'))['']).toBeGreaterThanOrEqual(0);
  earlier.push(await bridge.page());
  cluster.annotate({ 'approved.workflow.kube-zen.io/q': 'true' });
  await expect.poll(() => cluster.made).toContain('late/1');
  await cluster.untilPhase('Succeeded');

  expect(await functions.count('step_retries_total')).toEqual({ 'flow="nightly",step="flaky"': 1 });
  expect(await functions.count('step_errors_total')).toEqual({
    'flow="nightly",step="flaky",error_type="JobFailed"': 1,
    'flow="nightly",step="bad",error_type="InvalidTemplate"': 1,
    'flow="nightly",step="slow",error_type="Timeout"': 1,
  });
  expect(await functions.count('timeouts_total')).toEqual({
    'flow="nightly",step="slow",timeout_type="step_timeout"': 1,
  });
  expect(await functions.count('jobflow_phase_transitions_total')).toEqual({
    'phase="Running",namespace="default"': 2,
    'phase="Paused",namespace="default"': 1,
    'phase="Succeeded",namespace="default"': 1,
  });
  expect((await functions.count('job_create_errors_total'))['reason="KUBE_INVALID"']).toBeGreaterThan(0);

  // What else is documented: a Job that runs for nothing, and a pass that fails.
  cluster.objects.patch(FLOW, { metadata: { annotations: { 'attempts.workflow.kube-zen.io/slow': '2' } } });
  await expect.poll(() => cluster.made).toContain('slow/2');
  cluster.objects.patch(FLOW, { spec: { shutdown: 'Terminate' } });
  await expect.poll(() => functions.count('zombie_jobs_deleted_total')).toEqual({ '': 1 });

  cluster.server.faults.add({
    fault: { kind: 'status', code: 403 },
    matches: ({ verb, resource }) => verb === 'get' && resource === 'jobflows',
  });
  const type = 'io.zen-flow.jobflow.resync';
  const subject = 'namespaces/default/jobflows/nightly';
  const hint = await fetch(functions.url, {
    method: 'POST',
    headers: { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/by-hand', 'ce-type': type, 'ce-subject': subject },
  });
  expect(hint.status).toBe(503);
  expect(await functions.count('reconciliation_errors_total')).toMatchObject({ 'error_type="KUBE_FORBIDDEN"': 1 });

  const missing = async () => {
    const pages = [...earlier, await functions.page(), await bridge.page()];
    const series = pages.flatMap((page) => page.split('\n'));
    return readFlowMetricRows()
      .filter(({ name, type, labels }) => {
        const exported = type === 'histogram' ? `${name}_count` : name;
        const own = series.filter((line) => line.startsWith(`${exported} `) || line.startsWith(`${exported}{`));
        return !own.some((line) => labels.every((label) => line.includes(`${label}="`)) && !line.endsWith(' NaN'));
      })
      .map(({ name }) => name)
      .filter((name) => name !== elsewhere);
  };
  await expect.poll(missing).toEqual([]);
});
