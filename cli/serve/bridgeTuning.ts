/**
 * Turns the limits among the settings of `run` and `bridge` into the tuning of a bridge.
 *
 * Guarantees: rejects with CONFIG_INVALID two limits that contradict each other, and names both.
 */

import { defaultDeliveryTuning } from '../../bridge/delivery/deliveryTuning.ts';
import { defaultResyncTuning } from '../../bridge/queue/resync.ts';
import { defaultLeaseTuning, type LeaseTuning } from '../../bridge/replicas/leaseTuning.ts';
import type { BridgeTuning } from '../../bridge/startDomain.ts';
import type { Values } from '../../lib/config/parseCommandLine.ts';
import { configError } from '../../lib/config/parseValue.ts';

export type BridgeLimits = Pick<
  Values<'bridge'>,
  | 'attemptTimeoutMs'
  | 'hintTimeoutMs'
  | 'resyncIntervalMs'
  | 'minInFlight'
  | 'maxInFlight'
  | 'queueLimit'
  | 'backoffMinMs'
  | 'backoffMaxMs'
  | 'maxFailures'
  | 'breakerFailures'
  | 'breakerProbeMs'
  | 'hedgeDelayMs'
  | 'maxHedges'
>;

export function toBridgeTuning(limits: BridgeLimits): BridgeTuning {
  const { minInFlight, maxInFlight, backoffMinMs, backoffMaxMs, breakerProbeMs } = limits;
  if (minInFlight > maxInFlight) throw contradiction('min-in-flight', minInFlight, 'max-in-flight', maxInFlight);
  if (backoffMinMs > backoffMaxMs) throw contradiction('backoff-min-ms', backoffMinMs, 'backoff-max-ms', backoffMaxMs);
  // Where the bridge begins is no setting, but stays within what is set.
  const { concurrency, circuitBreaker } = defaultDeliveryTuning;
  const start = Math.min(maxInFlight, Math.max(minInFlight, concurrency.start));
  return {
    delivery: {
      attemptTimeoutMs: limits.attemptTimeoutMs,
      hintTimeoutMs: limits.hintTimeoutMs,
      concurrency: { min: minInFlight, start, max: maxInFlight },
      backoff: { minMs: backoffMinMs, maxMs: backoffMaxMs },
      maxFailures: limits.maxFailures,
      circuitBreaker: {
        openAfter: limits.breakerFailures,
        probe: { minMs: Math.min(circuitBreaker.probe.minMs, breakerProbeMs), maxMs: breakerProbeMs },
      },
    },
    resync: { ...defaultResyncTuning, periodMs: limits.resyncIntervalMs },
    hedging: { delayMs: limits.hedgeDelayMs, maxInFlight: limits.maxHedges },
    maxWaiting: limits.queueLimit,
  };
}

/** A holder whose renewal fails has the time for a second one before the Lease ends. */
const RENEWALS_PER_LEASE = 3;

export function toLeaseTuning(durationMs: number, renewMs: number): LeaseTuning {
  if (renewMs * RENEWALS_PER_LEASE > durationMs)
    throw contradiction('lease-renew-ms', renewMs, 'a third of --lease-duration-ms', durationMs);
  const attemptTimeoutMs = Math.min(defaultLeaseTuning.attemptTimeoutMs, Math.floor((durationMs - renewMs) / 2));
  return { durationMs, periodMs: renewMs, attemptTimeoutMs };
}

function contradiction(flag: string, value: number, other: string, otherValue: number): Error {
  const name = other.includes('--') ? other : `--${other}`;
  return configError(`--${flag}: ${value} is more than ${name}, which is ${otherValue}`);
}
