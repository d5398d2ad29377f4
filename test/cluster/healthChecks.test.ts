/**
 * Tests health checks on real pods. It measures how long a TCP client behind kube-proxy is in the
 * dark when the leader hangs or its process is killed.
 *
 * The kubelet of this cluster probes once a second, as often as Kubernetes allows. A dark time
 * below a second is that of the health check. `CLUSTER_REPEATS` says how often a story is told.
 *
 * kube-proxy writes its rules at most once in its `minSyncPeriod`, a second by default. Each story
 * begins while it rests, and one begins right after another change. `ZEN_LEAD_PROXY_MIN_SYNC=0s`
 * takes that wait away. docs/how-to/health-checks.md#how-fast
 */

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { attachCluster } from './attachCluster.ts';
import { signalContainer } from './containers.ts';
import { note } from './figures.ts';
import { minSyncPeriod, readSyncs, waitForRestedProxy } from './kubeProxy.ts';
import { type Stages, tellStages, watchRoute } from './stages.ts';
import { startWorkload, type Workload } from './startWorkload.ts';
import { darkTimeMs, longestDark, startTraffic } from './traffic.ts';
import { type Verdicts, watchVerdicts } from './verdicts.ts';
import { listPods, readMetrics } from './zenLead.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);
const repeats = Number(process.env['CLUSTER_REPEATS'] ?? 2);

/** On a busy machine. The figures say what it was. */
const maxDarkMs = 10_000;
/** Some answers of the leader, which works still. */
const JUST_BEFORE_MS = 200;
const timeout = 120_000 * (1 + repeats);

describe('a leader with a health check', () => {
  let workload: Workload;
  beforeAll(async () => {
    workload = await startWorkload(cluster, 'checked');
    const check = {
      'health-check': 'http://:8080/index.html',
      'health-check-interval': '100ms',
      'health-check-timeout': '100ms',
      'health-check-failure-threshold': '2',
    };
    const annotations = Object.entries(check).map(([key, value]) => `zen-lead.io/${key}=${value}`);
    await cluster.kubectl('-n', workload.namespace, 'annotate', 'service', 'web', ...annotations);
  });
  afterAll(() => workload.remove());

  test('is left when it hangs, before its readiness probe fails', { timeout }, async () => {
    const darks = await tell('SIGSTOP', 'hang');
    expect(Math.max(...darks)).toBeLessThan(maxDarkMs);
  });

  test('is left when its process is killed', { timeout }, async () => {
    const darks = await tell('SIGKILL', 'crash');
    expect(Math.max(...darks)).toBeLessThan(maxDarkMs);
  });

  test('is left when it hangs right after another change, for which kube-proxy lets it wait', { timeout }, async () => {
    const startedAt = Date.now();
    const darks = await tell('SIGSTOP', 'hang right after another change', touchOtherService);
    expect(Math.max(...darks)).toBeLessThan(maxDarkMs);
    const syncs = readSyncs(cluster).filter(({ beganAt }) => beganAt > startedAt);
    const pauses = syncs.slice(1).map(({ beganAt }, index) => beganAt - (syncs[index]?.endedAt ?? 0));
    // What it does and what it logs are not one moment.
    if (minSyncPeriod === '1s') expect(Math.min(...pauses)).toBeGreaterThan(950);
  });

  /** Returns the dark times. */
  async function tell(
    signal: 'SIGSTOP' | 'SIGKILL',
    what: string,
    before: () => Promise<void> = async () => {},
  ): Promise<readonly number[]> {
    const darks: number[] = [];
    const stages: Stages[] = [];
    const verdicts: Verdicts[] = [];
    for (let time = 0; time < repeats; time++) {
      await untilAllReady();
      await untilAllPass();
      const leader = (await workload.readLeader()) ?? '';
      const traffic = await startTraffic(cluster, workload);
      const route = await watchRoute(cluster, workload.namespace, 'web-leader');
      await waitForRestedProxy(cluster);
      const verdict = await watchVerdicts(cluster);
      await before();
      const signalledAt = Date.now();
      await signalContainer(cluster, leader, 'web', signal);
      const next = await workload.waitForOther(leader);
      await traffic.waitForAnswer(next);
      // What the client waited for before that is another story.
      const answers = (await traffic.stop()).filter(({ at }) => at >= signalledAt - JUST_BEFORE_MS);
      await route.close();
      darks.push(darkTimeMs(answers));
      stages.push(tellStages(cluster, answers, next, route.writtenAt(next)));
      verdicts.push(await verdict.tell(leader, 'failing', longestDark(answers).from));
      await restore(leader, signal);
    }
    const name = `${what} with a health check of 100ms/100ms/2, minSyncPeriod ${minSyncPeriod}`;
    console.log(`${name}: dark times ${darks.map(Math.round).join(', ')} ms`);
    for (const stage of ['written', 'waited', 'programmed', 'connected'] as const)
      console.log(`${name}: ${stage} ${stages.map((each) => Math.round(each[stage])).join(', ')} ms`);
    console.log(
      `${name}: verdicts of each bridge ${verdicts.map(({ after }) => after.map(Math.round).join('+')).join(', ')} ms`,
    );
    console.log(`${name}: void probes ${verdicts.map(({ voids }) => voids).join(', ')}`);
    note(`${name}: until the route is written, worst`, Math.max(...stages.map(({ written }) => written)));
    note(`${name}: dark time, worst`, Math.max(...darks));
    return darks;
  }

  /** Makes kube-proxy write its rules, as each change of a slice does, also of an annotation. */
  async function touchOtherService(): Promise<void> {
    const slices = `/apis/discovery.k8s.io/v1/namespaces/${workload.namespace}/endpointslices`;
    const metadata = { name: 'other', labels: { 'kubernetes.io/service-name': 'other' } };
    const slice = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, endpoints: [] };
    await cluster.request('POST', slices, { ...slice, addressType: 'IPv4' });
    await cluster.request('DELETE', `${slices}/other`);
  }

  /** There are two pods to go to, so that the story is about the check. */
  async function untilAllReady(): Promise<void> {
    await cluster.kubectl('-n', workload.namespace, 'rollout', 'status', 'deploy/web', '--timeout=120s');
  }

  /** A container that was killed again waits longer before it starts again; a new pod does not. */
  async function restore(pod: string, signal: 'SIGSTOP' | 'SIGKILL'): Promise<void> {
    if (signal === 'SIGSTOP') await signalContainer(cluster, pod, 'web', 'SIGCONT');
    else await cluster.kubectl('-n', workload.namespace, 'delete', 'pod', pod, '--timeout=60s');
  }

  /** Each bridge probes for itself, and all pods pass. */
  async function untilAllPass(): Promise<void> {
    for (const bridge of await listPods(cluster, 'bridge'))
      await expect
        .poll(() => readTargets(bridge), { timeout: 60_000, message: `waited for ${bridge} to see all pods pass` })
        .toEqual({ passing: 3, failing: 0, unknown: 0 });
  }

  async function readTargets(bridge: string): Promise<Readonly<Record<string, number>>> {
    const metrics = await readMetrics(cluster, bridge);
    const found = metrics.matchAll(/^zen_lead_health_targets\{verdict="(\w+)"\} (\d+)$/gm);
    return Object.fromEntries([...found].map(([, verdict, count]) => [verdict, Number(count)]));
  }
});
