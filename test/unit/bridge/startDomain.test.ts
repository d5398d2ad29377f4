import { expect, it } from 'vitest';
import type { OutgoingEvent } from '../../../bridge/delivery/outgoingEvent.ts';
import type { Domain } from '../../../bridge/domain.ts';
import type { Concern, Source } from '../../../bridge/queue/concern.ts';
import { startDomain } from '../../../bridge/startDomain.ts';
import { createObjectIndex, type ObjectIndex } from '../../../bridge/watch/objectIndex.ts';
import { createIndexes, createObjectStore } from '../../../bridge/watch/objectStore.ts';
import type { ObjectChange, ObjectIdentity } from '../../../bridge/watch/reflectorStore.ts';
import { watchedKind } from '../../../bridge/watch/watchedKind.ts';
import type { Sink } from '../../../lib/events/sink.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { endpoints } from '../../../lib/kube/kubeApi.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { startScriptedServer } from '../../support/servers/scriptedServer.ts';
import { aLine, aList, anObject, aQuietWatch, aWatch, until } from '../../support/simulated/watchedWorld.ts';

/**
 * A domain that has nothing in common with the leaders: its sources are the objects that it
 * watches.
 */
function aToyDomain(): Domain<ObjectChange<ObjectIdentity>, Concern, OutgoingEvent> {
  const indexes = createIndexes(() => createObjectIndex<ObjectIdentity>());
  const toConcern = ({ namespace, name }: Source, lane: Concern['lane'], at: number): Concern => ({
    key: `${namespace}/${name}`,
    namespace,
    name,
    lane,
    observedAt: at,
  });
  return {
    watches: [
      watchedKind<ObjectIdentity & { value: unknown }, ObjectChange<ObjectIdentity>>({
        kind: 'toys',
        resource: endpoints,
        project(input) {
          const { metadata, value } = input as { metadata: ObjectIdentity; value: unknown };
          return { ...metadata, value };
        },
        open: (namespace, onChange) =>
          createObjectStore<ObjectIndex<ObjectIdentity>, ObjectIdentity>({
            indexes,
            pick: (index) => index,
            namespace,
            onChange,
          }),
      }),
    ],
    affected: ({ object }, observedAt) => [toConcern(object, 'change', observedAt)],
    sources: () => [...indexes.entries()].flatMap(([, index]) => [...index.byName.values()]),
    toConcern: (source, cause, at) => toConcern(source, cause === 'start' ? 'failover' : 'low', at),
    toEvent: ({ key, observedAt, lane }, { revision }, now) => ({
      specversion: '1.0',
      id: `${key}@${revision('toys', 'ns')}`,
      type: `toy.${lane}`,
      source: '/toys',
      subject: key,
      time: new Date(observedAt).toISOString(),
      data: { deadline: now + 1_000 },
    }),
    wantsChange: () => ({ wantsChange: false, nextAt: null }),
    isProgress: () => true,
  };
}

/** Starts it, and ends with what has been sent once `isDone`. */
async function run(
  domain: ReturnType<typeof aToyDomain>,
  lines: readonly string[],
  isDone: (sent: readonly string[]) => boolean,
  onConcern?: (source: Source) => void,
): Promise<readonly string[]> {
  let watches = 0;
  const server = await startScriptedServer((request) => {
    if (!request.query.has('watch')) return aList('5', [anObject('a', '1'), anObject('b', '1')]);
    watches += 1;
    return watches === 1 ? aWatch(lines.join(''), 'hold') : aQuietWatch;
  });
  const metrics = createMetrics();
  const api = createKubeApi(server.access, { metrics });
  const sent: string[] = [];
  const sink: Sink<OutgoingEvent, { data: object }> = async ({ id, type }) => {
    sent.push(`${type} ${id}`);
    return { status: 200 };
  };
  const options = { api, sink, clusterName: 'test', namespaces: [], metrics, log: silentLogger };
  const running = startDomain(domain, { ...options, ...(onConcern !== undefined && { onConcern }) });
  try {
    await until(() => isDone(sent));
    expect(running.readiness()).toEqual({ ready: true, reasons: [] });
  } finally {
    await running.close();
    await api.close();
    await server.close();
  }
  return sent;
}

it('runs a domain that knows no Service: lists, watches, and sends an event for each source and change', async () => {
  const change = aLine('MODIFIED', anObject('b', '2', { version: '6' }));
  const sent = await run(aToyDomain(), [change], ({ length }) => length === 3);
  expect(sent).toEqual(['toy.failover ns/a@5', 'toy.failover ns/b@5', 'toy.change ns/b@6']);
});

it('sends nothing about a change of the low lane that leaves a settled source, and reports it', async () => {
  const domain = aToyDomain();
  const lowDomain: ReturnType<typeof aToyDomain> = {
    ...domain,
    affected: (change, at) => domain.affected(change, at).map((concern) => ({ ...concern, lane: 'low' })),
    isSettled: ({ name }) => name === 'a',
  };
  const lines = ['a', 'b'].map((name, at) => aLine('MODIFIED', anObject(name, '2', { version: String(6 + at) })));
  const concerned: string[] = [];
  const sent = await run(
    lowDomain,
    lines,
    () => concerned.length === 4,
    ({ name }) => concerned.push(name),
  );
  expect(concerned).toEqual(['a', 'b', 'a', 'b']);
  expect(sent).toEqual(['toy.failover ns/a@5', 'toy.failover ns/b@5', 'toy.low ns/b@7']);
});

it('sends a change that can wait in the low lane, even where its source is settled', async () => {
  const domain = {
    ...aToyDomain(),
    canWait: ({ name }: { readonly name: string }) => name === 'a',
    isSettled: () => true,
  };
  const lines = ['a', 'b'].map((name, at) => aLine('MODIFIED', anObject(name, '2', { version: String(6 + at) })));
  const sent = await run(domain, lines, ({ length }) => length === 4);
  expect(sent).toEqual(['toy.failover ns/a@5', 'toy.failover ns/b@5', 'toy.change ns/b@7', 'toy.low ns/a@7']);
});
