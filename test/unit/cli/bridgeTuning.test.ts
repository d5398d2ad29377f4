import { describe, expect, it } from 'vitest';
import { defaultDeliveryTuning, inProcessDeliveryTuning } from '../../../bridge/delivery/deliveryTuning.ts';
import { defaultResyncTuning } from '../../../bridge/queue/resync.ts';
import { defaultHedgeTuning } from '../../../bridge/replicas/hedge.ts';
import { defaultLeaseTuning } from '../../../bridge/replicas/leaseTuning.ts';
import { toBridgeTuning, toLeaseTuning } from '../../../cli/serve/bridgeTuning.ts';
import { parseCommandLine } from '../../../lib/config/parseCommandLine.ts';
import { codeOf } from '../../../lib/errors.ts';

function parse(command: 'run' | 'bridge', ...args: readonly string[]) {
  const line = parseCommandLine([command, ...args], { K_SINK: 'http://functions' });
  if (line.kind !== 'command' || (line.name !== 'run' && line.name !== 'bridge')) throw new Error('another command');
  return line.values;
}

describe('the limits among the settings', () => {
  it.each([
    ['bridge', defaultDeliveryTuning],
    ['run', inProcessDeliveryTuning],
  ] as const)('are the numbers of the code where %s is given none', (command, delivery) => {
    const values = parse(command);
    const tuning = toBridgeTuning(values);
    expect({ ...delivery, ...tuning.delivery }).toEqual(delivery);
    expect(tuning).toMatchObject({ resync: defaultResyncTuning, hedging: defaultHedgeTuning, maxWaiting: 100_000 });
    expect(toLeaseTuning(values.leaseDurationMs, values.leaseRenewMs)).toEqual(defaultLeaseTuning);
  });

  it('reach the part that each is for', () => {
    const args = '--min-in-flight 20 --max-in-flight 100 --queue-limit 7 --backoff-min-ms 5 --backoff-max-ms 6';
    const more = '--max-failures 3 --circuit-breaker-failures 9 --circuit-breaker-probe-ms 100 --hedge-delay-ms 0';
    const values = parse('bridge', ...args.split(' '), ...more.split(' '), '--max-hedges', '0');
    expect(toBridgeTuning(values)).toMatchObject({
      delivery: {
        concurrency: { min: 20, start: 20, max: 100 },
        backoff: { minMs: 5, maxMs: 6 },
        maxFailures: 3,
        circuitBreaker: { openAfter: 9, probe: { minMs: 100, maxMs: 100 } },
      },
      hedging: { delayMs: 0, maxInFlight: 0 },
      maxWaiting: 7,
    });
    expect(toBridgeTuning(parse('run', '--max-in-flight', '8')).delivery?.concurrency).toEqual({
      min: 4,
      start: 8,
      max: 8,
    });
  });

  it('leave a renewal of the Lease time to fail once', () => {
    expect(toLeaseTuning(3_000, 1_000)).toEqual({ durationMs: 3_000, periodMs: 1_000, attemptTimeoutMs: 1_000 });
  });

  it.each([
    [
      () => toBridgeTuning(parse('run', '--max-in-flight', '3')),
      '--min-in-flight: 4 is more than --max-in-flight, which is 3',
    ],
    [
      () => toBridgeTuning(parse('run', '--backoff-max-ms', '9')),
      '--backoff-min-ms: 250 is more than --backoff-max-ms, which is 9',
    ],
    [
      () => toLeaseTuning(5_000, 2_000),
      '--lease-renew-ms: 2000 is more than a third of --lease-duration-ms, which is 5000',
    ],
  ])('are refused where they contradict each other: %#', (attempt, message) => {
    expect(attempt).toThrowError(message);
    expect(attempt).toThrowError(expect.toSatisfy((error: unknown) => codeOf(error) === 'CONFIG_INVALID'));
  });
});
