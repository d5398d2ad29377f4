/** What people read of flows and schedules with `zen-flow`, on the embedded API server. */

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { onScheduleEvent } from '../../../functions/schedules/onScheduleEvent.ts';
import { createFlowMetrics } from '../../../lib/telemetry/flowMetrics.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { aManualStep, aStep } from '../../support/objects/aFlow.ts';
import { aSchedule } from '../../support/objects/aSchedule.ts';
import { aFlowCluster, connect, type FlowCluster } from '../../support/programs/aFlowCluster.ts';
import { aDirectory } from '../../support/programs/aKubeconfig.ts';
import { type Typed, typeFlowCommand } from '../../support/programs/typeCommand.ts';

/** `url`: of another server in front. */
function aTypist({ server }: FlowCluster, url = server.url): (...args: readonly string[]) => Promise<Typed> {
  const kubeconfig = join(aDirectory(), 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'own', cluster: { server: url } }],
    users: [{ name: 'own', user: {} }],
    contexts: [{ name: 'own', context: { cluster: 'own', user: 'own' } }],
    'current-context': 'own',
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  return (...args) => typeFlowCommand(...args, '--kubeconfig', kubeconfig);
}

/** The embedded API server runs no containers: what stands before it has their logs. */
async function aLogServer({ server }: FlowCluster, logOf: (pod: string, query: string) => string): Promise<string> {
  const front = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url ?? '', server.url);
    const [, pod] = /\/pods\/([^/]+)\/log$/.exec(pathname) ?? [];
    if (pod !== undefined) return response.end(logOf(pod, search));
    const answer = await fetch(`${server.url}${request.url}`);
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    return response.end(await answer.text());
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void front.close());
  return `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
}

describe('a person reads', () => {
  it('the steps of a flow, with phases, attempts and times', async () => {
    const cluster = await aFlowCluster({ a: ['fail', 'ok'] });
    const type = aTypist(cluster);
    cluster.startBridge();
    const retryPolicy = { limit: 1, backoff: { duration: '10ms' } };
    cluster.apply({ steps: [aStep('a', [], { retryPolicy }), aManualStep('q', ['a']), aStep('b', 'q')] });
    await cluster.untilPhase('Paused');
    const { stdout } = await type('get', 'nightly');
    expect(stdout).toMatch(/^default\/nightly: Paused, from \d{4}-/);
    expect(stdout).toMatch(/^STEP +PHASE +REASON +ATTEMPTS +STARTED +TOOK$/m);
    expect(stdout).toMatch(/^a +Succeeded +2 +\S+Z +\d+s$/m);
    expect(stdout).toMatch(/^b +Pending +Dependencies +0 +- +-$/m);
    expect(JSON.parse((await type('get', 'nightly', '-o', 'json')).stdout)).toMatchObject({
      flow: { phase: 'Paused', steps: [{ name: 'a', attempts: 2 }, { name: 'b' }, { name: 'q' }] },
    });
    expect(await type('get', 'none')).toMatchObject({
      code: 1,
      stderr: 'there is no flow and no schedule none in namespace default',
    });
  });

  it('a schedule with its flows, and the schedules of a namespace beside the flows', async () => {
    const cluster = await aFlowCluster();
    const type = aTypist(cluster);
    cluster.objects.create(aSchedule({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin' }));
    const { api, metrics } = connect(cluster.server);
    onTestFinished(() => api.close());
    const now = () => Date.now() + 86_400_000;
    const deps = { api, log: silentLogger, metrics: createFlowMetrics(metrics.registry), now };
    await onScheduleEvent({ namespace: 'default', name: 'nightly' }, deps, AbortSignal.timeout(5_000));
    const list = (await type('list')).stdout;
    expect(list).toMatch(/^nightly-\d+ +Pending +0\/1$/m);
    expect(list).toMatch(/^SCHEDULE +TIMES +READY +ACTIVE +LAST +NEXT$/m);
    expect(list).toMatch(/^nightly +30 2 \* \* \* Europe\/Berlin +Scheduled +1 +\S+Z +\S+Z$/m);
    const { stdout } = await type('get', 'nightly');
    expect(stdout).toMatch(/^default\/nightly: 30 2 \* \* \* Europe\/Berlin, Scheduled\nlast \S+Z, next \S+Z$/m);
    expect(stdout).toMatch(/^nightly-\d+ +\S+Z +active$/m);
  });

  it('what the pods of the newest attempt of a step have written', async () => {
    const cluster = await aFlowCluster({ a: ['fail', 'ok'] });
    const asked: string[] = [];
    const url = await aLogServer(cluster, (pod, query) => {
      asked.push(query);
      return `${pod} says\nred \u001b[31m\n`;
    });
    const type = aTypist(cluster, url);
    cluster.startBridge();
    const retryPolicy = { limit: 1, backoff: { duration: '10ms' } };
    cluster.apply({ steps: [aStep('a', [], { retryPolicy }), aManualStep('q', ['a'])] });
    await cluster.untilPhase('Paused');
    const { code, stdout } = await type('logs', 'nightly', 'a');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^nightly-a-2-\S+ says\nred \\u001b\[31m\n$/)]);
    expect(await type('logs', '-f', 'nightly', 'a')).toMatchObject({ code: 0, stdout });
    expect(asked).toEqual(['?container=main&follow=false', '?container=main&follow=true']);
    expect((await type('logs', 'nightly', 'q')).stderr).toContain('asks a person, and runs no pod');
    expect((await type('logs', 'nightly', 'a', '-c', 'x')).stderr).toContain('has no container "x"; those are main');
    expect((await type('logs', 'nightly', 'z')).stderr).toContain('has no step "z"');
  });
});
