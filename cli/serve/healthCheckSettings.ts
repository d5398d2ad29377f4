/**
 * Turns the settings about health checks of `run` and `bridge` into what a bridge takes, and starts
 * the threads that they ask for.
 */

import { systemClock } from '../../bridge/clock.ts';
import type { HealthCheckOptions } from '../../bridge/leaders/healthChecks.ts';
import type { Values } from '../../lib/config/parseCommandLine.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';

interface OpenHealthChecks {
  readonly checks: HealthCheckOptions;
  close(): Promise<void>;
}

export async function openHealthChecks(
  values: Pick<Values<'bridge'>, 'probeHostNetwork' | 'maxProbesPerSecond' | 'probeThreads'>,
  log: Logger,
): Promise<OpenHealthChecks> {
  const { probeHostNetwork, maxProbesPerSecond, probeThreads: threads } = values;
  const checks = { probeHostNetwork, maxProbesPerSecond };
  if (threads === 0) return { checks, close: async () => {} };
  // Only then, because it costs time to load.
  const { startProbeThreads } = await import('../../bridge/probes/threads/probeThreads.ts');
  const network = startProbeThreads({
    ...{ threads, clock: systemClock },
    onLost: (error) => log.warn({ err: error }, 'a thread that runs health checks has ended, and is started again'),
  });
  return { checks: { ...checks, network }, close: network.close };
}
