/**
 * `node bench/measureProbes.ts [PROBES [THREADS]]` measures what health checks cost a bridge, and
 * whether a healthy pod ever gets another verdict. It also says what a long run leaves behind: heap
 * and sockets. docs/how-to/health-checks.md#what-it-costs
 *
 * The prober is the real one, over real sockets. The pods are addresses of loopback, behind one
 * server in a process of its own, so that the processor time is that of the prober alone.
 */

import { systemClock } from '../bridge/clock.ts';
import { network, type ProbeNetwork } from '../bridge/probes/network.ts';
import { createProber } from '../bridge/probes/prober.ts';
import { startProbeThreads } from '../bridge/probes/threads/probeThreads.ts';
import { REPEAT_MS } from '../lib/selection/healthCheck.ts';
import { startHealthyPods } from './healthyPods.ts';

const SERVICES = 1_000;
const INTERVAL_MS = 1_000;
const timing = { intervalMs: INTERVAL_MS, timeoutMs: 1_000, failureThreshold: 3, successThreshold: 2 };
/** A sample. The claim of no other verdict takes a million. */
const DEFAULT_PROBES = 20_000;
/** Connections of the first probes all begin together. */
const WARM_UP_MS = 3_000;

await measure(Number(process.argv[2] ?? DEFAULT_PROBES), Number(process.argv[3] ?? 0));

async function measure(wanted: number, threads: number): Promise<void> {
  const pods = await startHealthyPods();
  const onLost = (error: Error | null): void => console.log(`a thread has ended: ${error?.message}`);
  const onThreads = threads === 0 ? null : startProbeThreads({ threads, clock: systemClock, onLost });
  console.log(`threads: ${threads}`);
  for (const inLine of [0, 2]) await measureOnce(wanted, pods.port, inLine, onThreads ?? network);
  await onThreads?.close();
  pods.close();
}

/** `inLine`: pods of each Service beside its leader. */
async function measureOnce(wanted: number, port: number, inLine: number, through: ProbeNetwork): Promise<void> {
  const counts = { passed: 0, failed: 0, void: 0 };
  let changes = 0;
  const done = Promise.withResolvers<void>();
  const prober = createProber({
    clock: systemClock,
    random: Math.random,
    network: through,
    mayProbe: () => true,
    maxProbesPerSecond: 10_000,
    repeatMs: REPEAT_MS,
    onResult(_key, { kind }) {
      counts[kind] += 1;
      if (counts.passed + counts.failed + counts.void >= wanted) done.resolve();
    },
    onVerdict(_key, _uid, { verdict }, before) {
      if (before.verdict !== null && before.verdict !== verdict) changes += 1;
    },
    onSuspended: () => undefined,
  });
  const check = { scheme: 'http', port, target: '/', raw: `http://:${port}/`, ...timing } as const;
  for (let service = 0; service < SERVICES; service++) {
    const [leader, ...line] = Array.from({ length: 1 + inLine }, (_, pod) => {
      const address = `127.${1 + pod}.${Math.floor(service / 250)}.${1 + (service % 250)}`;
      return { uid: address, address };
    });
    prober.update({ key: `s/${service}`, check, leader: leader ?? null, line });
  }
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const before = { ...readUse(), probes: total() };
  await done.promise;
  const after = readUse();
  const seconds = (after.at - before.at) / 1_000;
  const probes = total() - before.probes;
  const cpu = after.cpuMicros - before.cpuMicros;
  const loopCpu = after.loopCpuMicros - before.loopCpuMicros;
  prober.close();
  // A connection that is closed is gone from the event loop a moment later.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const sockets = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  console.log(
    [
      `${SERVICES} Services, ${1 + inLine} pods each, every ${INTERVAL_MS} ms: ${(probes / seconds).toFixed(0)} probes a second`,
      `${(cpu / probes).toFixed(0)} µs of processor a probe, ${(cpu / seconds / 10_000).toFixed(1)} % of a core, of which the event loop of the bridge ${(loopCpu / seconds / 10_000).toFixed(1)} %`,
      `${total()} probes of healthy pods: ${changes} changes of a verdict, ${counts.failed} failed, ${counts.void} void`,
      `heap ${before.heapMiB.toFixed(1)} MiB at the start and ${after.heapMiB.toFixed(1)} MiB at the end, ${sockets} sockets left`,
    ].join('\n'),
  );

  function total(): number {
    return counts.passed + counts.failed + counts.void;
  }
}

interface Use {
  readonly at: number;
  /** Of all threads, and of the one that the bridge runs on. */
  readonly cpuMicros: number;
  readonly loopCpuMicros: number;
  readonly heapMiB: number;
}

/** `node --expose-gc` makes the heap comparable. */
function readUse(): Use {
  globalThis.gc?.();
  const [all, loop] = [process.cpuUsage(), process.threadCpuUsage()];
  return {
    at: performance.now(),
    cpuMicros: all.user + all.system,
    loopCpuMicros: loop.user + loop.system,
    heapMiB: process.memoryUsage().heapUsed / 2 ** 20,
  };
}
