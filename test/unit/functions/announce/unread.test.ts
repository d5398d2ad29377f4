import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { putPod, putService, routedPod } from '../../../support/objects/aNamespace.ts';
import { failure } from '../../../support/servers/fakeApi.ts';
import { type Harness, startHarness } from '../../../support/servers/functionsHarness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
  putService(harness.fake);
  putPod(harness.fake, 'db-0');
});
afterEach(() => harness.fake.close());

const told = (): readonly string[] =>
  harness.fake.all('events').flatMap((event) => (event['reason'] === 'StateNotRead' ? [String(event['note'])] : []));

/** A hint, whose caller gives up after so many milliseconds of a LIST of pods that does not end. */
async function readInVain(patienceMs: number): Promise<void> {
  harness.fake.before = () => undefined;
  const event = await harness.event({ data: { kind: 'unreadable', problem: 'x' } });
  const caller = new AbortController();
  harness.fake.before = async ({ method, path }) => {
    if (method !== 'GET' || !path.endsWith('/pods')) return undefined;
    harness.clock.now += patienceMs;
    caller.abort();
    return undefined;
  };
  const failures = () => harness.count('reconciliation_errors_total', { error_type: 'ABORTED' });
  const before = await failures();
  await expect(harness.reconciler.reconcile(event, true, caller.signal)).rejects.toMatchObject({ code: 'ABORTED' });
  // The caller is answered at once. What is left to tell is told before the failure is counted.
  await expect.poll(failures).toBe(before + 1);
}

describe('a Service whose state cannot be read', () => {
  it('has a Warning Event and a metric once a read has not ended within 10 s, and one Event however often', async () => {
    await readInVain(10_000);
    expect(told()).toEqual([expect.stringContaining('took more than 10 s')]);
    expect(await harness.count('warnings_total', { reason: 'StateNotRead', service: 'db' })).toBe(1);
    await readInVain(20_000);
    expect(told()).toHaveLength(1);
    expect(harness.fake.writes()).toEqual([]);
    harness.fake.before = () => undefined;
    await harness.settle();
    expect(routedPod(harness.fake)).toBe('db-0');
  });

  it('has none where the caller had little patience: it comes back with more', async () => {
    await readInVain(5_000);
    expect(told()).toEqual([]);
  });

  it('has one with the message of the API server that refuses the read', async () => {
    const event = await harness.event({ data: { kind: 'unreadable', problem: 'x' } });
    harness.fake.before = ({ method, path }) =>
      method === 'GET' && path.endsWith('/pods') ? failure(403, 'Forbidden', 'pods is forbidden') : undefined;
    const reading = harness.reconciler.reconcile(event, true, new AbortController().signal);
    await expect(reading).rejects.toMatchObject({ code: 'KUBE_FORBIDDEN' });
    expect(told()).toEqual([expect.stringContaining('pods is forbidden')]);
  });

  it('has none where it is not opted in: anybody can name a Service', async () => {
    const service = putService(harness.fake);
    harness.fake.put('services', { ...service, metadata: { ...service.metadata, annotations: {} } });
    await readInVain(10_000);
    expect(told()).toEqual([]);
  });

  it('has none where the API server is busy, which the answer says', async () => {
    const event = await harness.event({ data: { kind: 'unreadable', problem: 'x' } });
    harness.fake.before = ({ method, path }) =>
      method === 'GET' && path.endsWith('/pods') ? failure(429, 'TooManyRequests') : undefined;
    const reading = harness.reconciler.reconcile(event, true, new AbortController().signal);
    await expect(reading).rejects.toMatchObject({ code: 'KUBE_TOO_MANY_REQUESTS' });
    expect(told()).toEqual([]);
  });
});
