import { describe, expect, it } from 'vitest';
import { watchColdStart } from '../../../functions/coldStart.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';

const STARTED_AT = 1_000_000;

async function readSums(observedAts: readonly (number | undefined)[]): Promise<unknown> {
  const metrics = createMetrics();
  const note = watchColdStart(metrics, { startedAt: STARTED_AT, uptimeMs: () => 900 });
  for (const observedAt of observedAts) note(observedAt);
  const { values } = await metrics.coldStartSeconds.get();
  return values.filter(({ metricName }) => metricName?.endsWith('_sum')).map(({ value }) => value);
}

describe('the time of a cold start', () => {
  it.each([
    ['counts where the change is older than the process', [STARTED_AT - 1], [0.9]],
    ['counts once a process', [STARTED_AT - 1, STARTED_AT - 1], [0.9]],
    ['does not count for a process that was waiting', [STARTED_AT + 1, STARTED_AT - 1], [0]],
    ['does not count without a plausible time', [undefined], [0]],
  ])('%s', async (_story, observedAts, sums) => {
    expect(await readSums(observedAts)).toEqual(sums);
  });
});
