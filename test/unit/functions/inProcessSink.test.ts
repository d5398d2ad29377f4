import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInProcessSink } from '../../../functions/inProcessSink.ts';
import type { ReconcileEvent } from '../../../lib/events/reconcileEvent.ts';
import type { Sink } from '../../../lib/events/sink.ts';
import { putPod, putService, routedPod } from '../../support/objects/aNamespace.ts';
import { aReconcileEvent } from '../../support/objects/anEvent.ts';
import { failure } from '../../support/servers/fakeApi.ts';
import { type Harness, signal, startHarness } from '../../support/servers/functionsHarness.ts';

let harness: Harness;
let sink: Sink;
beforeEach(async () => {
  harness = await startHarness();
  sink = createInProcessSink({
    api: harness.fake.api,
    clusterName: 'test',
    metrics: harness.metrics,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    now: () => harness.clock.now,
  });
  putService(harness.fake);
  putPod(harness.fake, 'db-0');
  putPod(harness.fake, 'db-1');
  await harness.settle();
});
afterEach(() => harness.fake.close());

async function anEvent(): Promise<ReconcileEvent> {
  const { data } = await harness.event();
  if (data.kind !== 'readable') throw new Error('readable expected');
  return aReconcileEvent({ data: data.value, time: new Date(harness.clock.now).toISOString() });
}

describe('the sink in the same process', () => {
  it('trusts the event, writes once, reads nothing and hands the reply over', async () => {
    putPod(harness.fake, 'db-0', { ready: false });
    const event = await anEvent();
    const answer = await sink(event, signal);
    expect(answer).toMatchObject({
      status: 200,
      reply: { type: 'io.zen-lead.leader.elected', data: { basis: 'event' } },
    });
    expect(harness.fake.requests).toHaveLength(1);
    expect(routedPod(harness.fake)).toBe('db-1');
  });

  it('answers an error as the server would: a status, when to try again, and why', async () => {
    putPod(harness.fake, 'db-0', { ready: false });
    const event = await anEvent();
    harness.fake.before = ({ method }) =>
      method === 'PATCH' ? failure(500, 'InternalError', 'etcd is away') : undefined;
    expect(await sink(event, signal)).toEqual({
      status: 503,
      retryAfterMs: 1_000,
      detail: expect.stringContaining('etcd is away'),
      scope: 'function',
    });
  });

  it('gives no answer to a caller that has gone, so that the next attempt has more time', async () => {
    harness.fake.remove('services', 'db-leader');
    const caller = new AbortController();
    // What is left to do is the announcement, which a slow API server holds up.
    for (let n = 0; n < 2; n += 1) await sink(await anEvent(), signal);
    putPod(harness.fake, 'db-0', { ready: false });
    await sink(await anEvent(), signal);
    const event = await anEvent();
    harness.fake.before = ({ path }) => {
      if (path.endsWith('/events')) caller.abort();
      return undefined;
    };
    await expect(sink(event, caller.signal)).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('answers 400 for an event without an address', async () => {
    expect(await sink({ ...(await anEvent()), subject: 'db' }, signal)).toMatchObject({ status: 400 });
  });

  it.each(['before it starts', 'while it writes'])(
    'rejects when the caller goes %s, because no caller waits for the answer',
    async (when) => {
      putPod(harness.fake, 'db-0', { ready: false });
      const event = await anEvent();
      const caller = new AbortController();
      harness.fake.before = async () => {
        caller.abort();
        return undefined;
      };
      if (when === 'before it starts') caller.abort();
      await expect(sink(event, caller.signal)).rejects.toMatchObject({ code: 'ABORTED' });
    },
  );
});
