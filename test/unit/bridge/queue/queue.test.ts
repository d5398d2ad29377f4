import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LeaderConcern } from '../../../../bridge/leaders/leaderConcern.ts';
import { type Lane, lanes, type Source } from '../../../../bridge/queue/concern.ts';
import { createQueue, type Queue } from '../../../../bridge/queue/queue.ts';
import { type ServiceKey, serviceKey } from '../../../../lib/selection/snapshot.ts';
import { aConcern } from '../../../support/objects/aConcern.ts';
import { T0 } from '../../../support/objects/builders.ts';

function aQueue(maxWaiting = 1_000): Queue {
  return createQueue({ maxWaiting, onWaiting: () => {}, onRoom: () => {} });
}

const takeAll = (queue: Queue): string[] => {
  const names: string[] = [];
  for (let concern = queue.take(); concern !== undefined; concern = queue.take()) names.push(concern.name);
  return names;
};

describe('order', () => {
  it('takes failovers first, then changes, then the low lane, each in order of arrival', () => {
    const queue = aQueue();
    for (const [name, lane] of [
      ['low-1', 'low'],
      ['change-1', 'change'],
      ['failover-1', 'failover'],
      ['change-2', 'change'],
      ['failover-2', 'failover'],
    ] as const)
      queue.add(aConcern(name, lane), T0);
    expect(takeAll(queue)).toEqual(['failover-1', 'failover-2', 'change-1', 'change-2', 'low-1']);
  });

  it('takes turns between namespaces in every lane, oldest first within each', () => {
    for (const lane of lanes) {
      const queue = aQueue();
      const add = (namespace: string, name: string) =>
        queue.add(aConcern(name, lane, { namespace, key: serviceKey(namespace, name) }), T0);
      for (let n = 0; n < 400; n += 1) add('flapping', `f-${n}`);
      add('victim', 'v-0');
      add('victim', 'v-1');
      add('other', 'o-0');
      const order = takeAll(queue);
      expect(order.slice(0, 6)).toEqual(['f-0', 'v-0', 'o-0', 'f-1', 'v-1', 'f-2']);
      expect(order).toHaveLength(403);
    }
  });

  it('lets a namespace that adds a key each time it is served wait for its turn', () => {
    const queue = aQueue();
    const add = (namespace: string, name: string) =>
      queue.add(aConcern(name, 'failover', { namespace, key: serviceKey(namespace, name) }), T0);
    for (let n = 0; n < 10; n += 1) add('calm', `c-${n}`);
    add('busy', 'b-0');
    const order: string[] = [];
    for (let concern = queue.take(); concern !== undefined && order.length < 20; concern = queue.take()) {
      order.push(concern.namespace);
      if (concern.namespace === 'busy') add('busy', `b-${order.length}`);
    }
    expect(order.slice(0, 20).filter((each) => each === 'calm')).toHaveLength(10);
  });

  it('moves a key up when something more urgent comes, and never down', () => {
    const queue = aQueue();
    queue.add(aConcern('a', 'low'), T0);
    queue.add(aConcern('b', 'change'), T0);
    queue.add(aConcern('a', 'failover'), T0);
    queue.add(aConcern('a', 'low'), T0);
    expect(queue.depth()).toEqual({ failover: 1, change: 1, low: 0 });
    expect(takeAll(queue)).toEqual(['a', 'b']);
  });

  it('lets the low lane have a turn in sixteen while failovers keep coming', () => {
    const queue = aQueue();
    queue.add(aConcern('patient', 'low'), T0);
    for (let n = 0; n < 100; n += 1) queue.add(aConcern(`f-${n}`, 'failover'), T0);
    expect(takeAll(queue).indexOf('patient')).toBe(15);
  });

  it('gives that turn to the key that has waited longest below', () => {
    const queue = aQueue();
    queue.add(aConcern('older', 'low'), T0);
    queue.add(aConcern('newer', 'change'), T0 + 1);
    for (let n = 0; n < 30; n += 1) queue.add(aConcern(`f-${n}`, 'failover'), T0 + 2);
    const order = takeAll(queue);
    expect(order.indexOf('older')).toBe(15);
    expect(order.indexOf('newer')).toBe(31);
  });

  it('says how long the oldest key has waited, from its first arrival', () => {
    const queue = aQueue();
    expect(queue.oldestAddedAt()).toBeNull();
    queue.add(aConcern('a', 'low'), T0);
    queue.add(aConcern('b', 'low'), T0 + 5);
    queue.add(aConcern('a', 'failover'), T0 + 9);
    expect(queue.oldestAddedAt()).toBe(T0);
  });

  it('drains 50,000 keys in a time that grows with their number', () => {
    const queue = aQueue(50_000);
    for (let n = 0; n < 50_000; n += 1) queue.add(aConcern(`s-${n}`, 'low'), T0);
    const startedAt = performance.now();
    expect(takeAll(queue)).toHaveLength(50_000);
    // About 50 ms on an idle core; quadratic it is half a minute.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('coalescing', () => {
  it('keeps the most urgent type and change, and among equals the latest', () => {
    const queue = aQueue();
    const gone = aConcern('a', 'failover', { type: 'io.zen-lead.pod.deleted' });
    queue.add(aConcern('a', 'change'), T0);
    queue.add(aConcern('a', 'failover'), T0);
    queue.add(gone, T0);
    queue.add(aConcern('a', 'low'), T0);
    expect(queue.take()).toEqual(gone);
    expect(queue.take()).toBeUndefined();
  });

  it('holds what comes while a key is in flight, and takes it once more after', () => {
    const queue = aQueue();
    queue.add(aConcern('a'), T0);
    const taken = queue.take();
    queue.add(aConcern('a', 'low'), T0);
    queue.add(aConcern('a', 'failover'), T0);
    expect(queue.take()).toBeUndefined();
    queue.finish(taken?.key ?? serviceKey('', ''));
    expect(takeAll(queue)).toEqual(['a']);
    expect(queue.take()).toBeUndefined();
  });

  it('keeps a delayed key back whatever comes, and merges it', () => {
    const queue = aQueue();
    queue.add(aConcern('a', 'low'), T0);
    const taken = queue.take();
    if (taken !== undefined) queue.delay(taken);
    queue.add(aConcern('a', 'failover'), T0);
    expect(queue.take()).toBeUndefined();
    queue.release(serviceKey('shop', 'a'), T0);
    expect(queue.take()?.lane).toBe('failover');
  });

  it('lets a holder of the first concern see that another one came', () => {
    const queue = aQueue();
    const first = aConcern('a', 'failover');
    queue.add(first, T0);
    queue.delay(queue.take() ?? first);
    queue.add(aConcern('a', 'low'), T0);
    queue.releaseAll(T0);
    const merged = queue.take();
    expect(merged).toEqual(first);
    expect(merged).not.toBe(first);
  });
});

describe('when full', () => {
  it('leaves out a key of the lowest lane for a more urgent one, and names it once half of the room is free', () => {
    const named: string[] = [];
    const onRoom = (leftOut: readonly Source[]): void => void named.push(...leftOut.map(({ name }) => name));
    const queue = createQueue({ maxWaiting: 2, onWaiting: () => {}, onRoom });
    queue.add(aConcern('low', 'low'), T0);
    queue.add(aConcern('change', 'change'), T0);
    queue.add(aConcern('failover', 'failover'), T0);
    queue.add(aConcern('another', 'low'), T0);
    expect(queue.depth()).toEqual({ failover: 1, change: 1, low: 0 });
    expect(named).toEqual([]);
    queue.take();
    expect(named).toEqual(['low', 'another']);
  });

  it('takes more of a key that already waits', () => {
    const queue = aQueue(1);
    queue.add(aConcern('a', 'low'), T0);
    queue.add(aConcern('a', 'failover'), T0);
    expect(queue.take()?.lane).toBe('failover');
  });
});

describe('over any history', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), name, lane: fc.constantFrom(...lanes) }),
    fc.record({ kind: fc.constant('take' as const) }),
    fc.record({ kind: fc.constantFrom('finish' as const, 'delay' as const, 'release' as const), name }),
  );

  it.each([1_000, 2])(
    'the queue has no key in flight twice and loses none, over any history (room for %i)',
    (maxWaiting) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const inFlight = new Map<string, ReturnType<typeof aConcern>>();
          const unseen = new Map<string, Lane>();
          const onRoom = (leftOut: readonly Source[]): void => {
            for (const source of leftOut) add(source.name, 'low');
          };
          const queue = createQueue<LeaderConcern>({ maxWaiting, onWaiting: () => {}, onRoom });

          const add = (each: string, lane: Lane): void => {
            unseen.set(each, lane);
            queue.add(aConcern(each, lane), T0);
          };
          const take = (): boolean => {
            const concern = queue.take();
            if (concern !== undefined) {
              expect(inFlight.has(concern.name)).toBe(false);
              inFlight.set(concern.name, concern);
              unseen.delete(concern.name);
            }
            return concern !== undefined;
          };
          const keyOf = (each: string): ServiceKey => serviceKey('shop', each);

          for (const each of steps) {
            if (each.kind === 'add') add(each.name, each.lane);
            else if (each.kind === 'take') take();
            else if (each.kind === 'release') queue.release(keyOf(each.name), T0);
            else {
              const concern = inFlight.get(each.name);
              if (concern === undefined) continue;
              inFlight.delete(each.name);
              if (each.kind === 'finish') queue.finish(concern.key);
              else {
                unseen.set(each.name, concern.lane);
                queue.delay(concern);
              }
            }
          }
          for (let turns = 0; turns < 1_000; turns += 1) {
            queue.releaseAll(T0);
            for (const [each, concern] of inFlight) {
              inFlight.delete(each);
              queue.finish(concern.key);
            }
            if (!take()) break;
          }
          expect([...unseen.keys()]).toEqual([]);
          expect(queue.depth()).toEqual({ failover: 0, change: 0, low: 0 });
        }),
        { numRuns: 500 },
      );
    },
  );
});

describe('a key that is kept back', () => {
  const aDelayed = (isYielding: boolean): Queue => {
    const queue = aQueue();
    queue.add(aConcern('db', 'failover'), T0);
    const concern = queue.take();
    if (concern !== undefined) queue.delay(concern, isYielding);
    return queue;
  };

  it.each(['failover', 'change'] as const)(
    'a key that is kept back comes through at once for a newer event of the lane %s',
    (lane) => {
      const queue = aDelayed(true);
      queue.add(aConcern('db', lane), T0 + 1);
      expect(queue.take()).toMatchObject({ name: 'db', lane: 'failover' });
      queue.release('db', T0 + 2);
      expect(queue.take()).toBeUndefined();
    },
  );

  it('a key that is kept back comes through at once where the newer event was seen while the attempt was out', () => {
    const queue = aQueue();
    queue.add(aConcern('db', 'change'), T0);
    const concern = queue.take();
    queue.add(aConcern('db', 'failover'), T0 + 1);
    if (concern !== undefined) queue.delay(concern, true);
    expect(queue.take()).toMatchObject({ name: 'db', lane: 'failover' });
  });

  it.each([
    ['a resync', aConcern('db', 'low')],
    ['a timer', aConcern('db', 'change', { dueAt: T0 })],
  ])('a key that is kept back stays back for %s', (_, concern) => {
    const queue = aDelayed(true);
    queue.add(concern, T0 + 1);
    expect(queue.take()).toBeUndefined();
  });

  it('a key that is kept back stays back for a newer event where the failure was not of this key', () => {
    const queue = aDelayed(false);
    queue.add(aConcern('db', 'failover'), T0 + 1);
    expect(queue.take()).toBeUndefined();
  });
});
