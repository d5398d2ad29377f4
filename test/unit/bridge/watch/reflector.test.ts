import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../bridge/clock.ts';
import { failure, json } from '../../../support/servers/scriptedServer.ts';
import {
  aBookmark,
  aLine,
  aList,
  anObject,
  aQuietWatch,
  aWatch,
  closeWorlds,
  until,
  watchWorld,
} from '../../../support/simulated/watchedWorld.ts';

afterEach(closeWorlds);

const gone = failure(410, 'Expired', 'The resourceVersion for the provided watch is too old.');
const goneLine = aLine('ERROR', {
  kind: 'Status',
  code: 410,
  reason: 'Expired',
  message: 'too old resource version: 5 (9)',
});
const unavailable = failure(503, 'ServiceUnavailable', 'apiserver is shutting down');
const a1 = anObject('a', '1');
const a2 = anObject('a', '2', { version: '6' });
const b1 = anObject('b', '1', { version: '7' });

describe('listing', () => {
  it('reads page by page, consistently, and reports nothing before the last page', async () => {
    const world = await watchWorld({ lists: [aList('5', [a1], 'next'), aList('5', [b1])] });
    await until(() => world.watches.length === 1);
    expect(world.told).toEqual(['added a=1', 'added b=1', 'revision 5', 'synced']);
    expect(world.lists.map(({ query }) => Object.fromEntries(query))).toEqual([
      { limit: '50' },
      { limit: '500', continue: 'next' },
    ]);
    expect(Object.fromEntries(world.watches[0]?.query ?? [])).toMatchObject({
      resourceVersion: '5',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '300',
    });
  });

  it('starts again when the pages expire half-way, and forgets the half', async () => {
    const world = await watchWorld({ lists: [aList('5', [a1], 'next'), gone, aList('8', [b1])] });
    await until(() => world.reflector.isSynced());
    expect(world.told).toEqual(['added b=1', 'revision 8', 'synced']);
  });

  it('reads everything in one piece when the pages expire again: a slow server must not keep us out for ever', async () => {
    const half = aList('5', [a1], 'next');
    const world = await watchWorld({ lists: [half, gone, half, gone, aList('8', [b1])] });
    await until(() => world.reflector.isSynced());
    expect(world.state()).toBe('b=1');
    expect(world.lists.at(-1)?.query.has('limit')).toBe(false);
  });

  it('listing goes on trying while the server answers 5xx, 429 or nothing', async () => {
    const world = await watchWorld({
      lists: [
        unavailable,
        failure(429, 'TooManyRequests', 'busy'),
        (_request, response) => response.destroy(),
        aList('5', [a1]),
      ],
    });
    await until(() => world.reflector.isSynced());
    expect(world.state()).toBe('a=1');
    expect(world.reflector.isStale()).toBe(false);
  });

  it('shows the version of a LIST before the store reports the first change of it', async () => {
    const shown: (string | null)[] = [];
    await watchWorld({
      lists: [aList('5', [a1, b1]), aList('9', [a2, anObject('c', '1')])],
      watches: [gone],
      onChange: ({ revision }) => shown.push(revision()),
    });
    await until(() => shown.length === 5);
    expect(shown).toEqual(['5', '5', '9', '9', '9']);
  });

  it('listing is stale until the first LIST is complete', async () => {
    const world = await watchWorld({ lists: [aList('5', [a1], 'next'), () => {}] });
    await until(() => world.lists.length === 2);
    expect(world.reflector.isStale()).toBe(true);
    expect(world.reflector.revision()).toBeNull();
  });
});

describe('watching', () => {
  it('reports each change once, with what was there before, and the revision after it', async () => {
    const lines = [aLine('MODIFIED', a2), aLine('ADDED', b1), aLine('DELETED', anObject('a', '2', { version: '8' }))];
    const world = await watchWorld({ lists: [aList('5', [a1])], watches: [aWatch(lines.join(''), 'hold')] });
    await until(() => world.reflector.revision() === '8');
    expect(world.told.slice(3)).toEqual([
      'modified a=2',
      'revision 6',
      'added b=1',
      'revision 7',
      'deleted a',
      'revision 8',
    ]);
    expect(world.state()).toBe('b=1');
  });

  it('keeps quiet about a line that changes nothing the rules read', async () => {
    const heartbeat = aLine('MODIFIED', anObject('a', '1', { version: '6' }));
    const world = await watchWorld({ lists: [aList('5', [a1])], watches: [aWatch(heartbeat, 'hold')] });
    await until(() => world.reflector.revision() === '6');
    expect(world.told.slice(3)).toEqual(['revision 6']);
  });

  it('moves on with bookmarks alone, and resumes from the last one', async () => {
    const world = await watchWorld({
      lists: [aList('5', [a1])],
      watches: [aWatch(aBookmark('20') + aBookmark('30'), 'close')],
    });
    await until(() => world.watches.length === 2);
    expect(world.watches[1]?.query.get('resourceVersion')).toBe('30');
    expect(world.lists).toHaveLength(1);
  });

  it('resumes at once after the server has ended a watch that delivered: a slow reader, a timeout, a restart', async () => {
    const world = await watchWorld({
      lists: [aList('5', [a1])],
      watches: [aWatch(aLine('MODIFIED', a2), 'close'), aWatch(aLine('ADDED', b1), 'hold')],
      tuning: { retry: { minMs: 60_000, maxMs: 60_000 } },
    });
    await until(() => world.state() === 'a=2 b=1');
    expect(world.watches[1]?.query.get('resourceVersion')).toBe('6');
    expect(world.lists).toHaveLength(1);
  });

  it('takes a line of 1 MB', async () => {
    const big = aLine('MODIFIED', { ...anObject('a', '2', { version: '6' }), filler: 'é'.repeat(600_000) });
    const world = await watchWorld({ lists: [aList('5', [a1])], watches: [aWatch(big, 'hold')] });
    await until(() => world.state() === 'a=2');
  });
});

describe('a watch that breaks is resumed from the last version, without a LIST', () => {
  it.each<[string, ReturnType<typeof aWatch>]>([
    ['reset between two lines', aWatch(aLine('MODIFIED', a2), 'reset')],
    ['reset in the middle of a line', aWatch(aLine('MODIFIED', a2) + aLine('ADDED', b1).slice(0, 30), 'reset')],
    ['ended in the middle of a line', aWatch(aLine('MODIFIED', a2) + aLine('ADDED', b1).slice(0, 30), 'close')],
    ['garbage in the stream', aWatch(`${aLine('MODIFIED', a2)}<html>502</html>\n`, 'close')],
    ['a line of an unknown type', aWatch(aLine('MODIFIED', a2) + aLine('MOVED', b1), 'close')],
    ['a line without a version', aWatch(aLine('MODIFIED', a2) + aLine('ADDED', { metadata: { name: 'b' } }), 'close')],
    [
      'an error of the server in the stream',
      aWatch(aLine('MODIFIED', a2) + aLine('ERROR', { code: 500, reason: 'InternalError', message: 'etcd' }), 'close'),
    ],
  ])('%s', async (_what, broken) => {
    const world = await watchWorld({
      lists: [aList('5', [a1])],
      watches: [broken, aWatch(aLine('ADDED', b1), 'hold')],
    });
    await until(() => world.state() === 'a=2 b=1');
    expect(world.watches[1]?.query.get('resourceVersion')).toBe('6');
    expect(world.lists).toHaveLength(1);
    expect(world.logged.filter((line) => line.startsWith('warn watch ended'))).toHaveLength(1);
  });

  it('5xx for a while', async () => {
    const downtime = Array.from({ length: 20 }, () => unavailable);
    const world = await watchWorld({
      lists: [aList('5', [a1])],
      watches: [...downtime, aWatch(aLine('ADDED', b1), 'hold')],
    });
    await until(() => world.state() === 'a=1 b=1');
    expect(world.lists).toHaveLength(1);
    // The first and the thirteenth are warnings, not all twenty.
    expect(world.logged.filter((line) => line.startsWith('warn'))).toHaveLength(2);
  });

  it('429, not before its Retry-After', async () => {
    const world = await watchWorld({
      lists: [aList('5', [a1])],
      watches: [
        failure(429, 'TooManyRequests', 'busy', {}, { 'retry-after': '0.1' }),
        aWatch(aLine('ADDED', b1), 'hold'),
      ],
    });
    await until(() => world.state() === 'a=1 b=1');
    const [first, second] = world.watches;
    // 95: the server notes the first request a moment after it was sent.
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(95);
  });
});

describe('a version that is too old', () => {
  it.each([
    ['as an HTTP status', gone],
    ['inside the stream', aWatch(goneLine, 'close')],
  ])('%s leads to a LIST not older than what is known, and no change is lost', async (_what, answer) => {
    const world = await watchWorld({
      lists: [aList('5', [a1, b1]), aList('9', [a2, anObject('c', '1')])],
      watches: [answer],
    });
    await until(() => world.watches.length === 2);
    expect(world.told.slice(4)).toEqual(['deleted b', 'modified a=2', 'added c=1', 'revision 9']);
    expect(Object.fromEntries(world.lists[1]?.query ?? [])).toEqual({
      limit: '50',
      resourceVersion: '5',
      resourceVersionMatch: 'NotOlderThan',
    });
    expect(world.watches[1]?.query.get('resourceVersion')).toBe('9');
    const relists = await world.metrics.relists.get();
    expect(relists.values).toEqual([{ labels: { resource: 'things', reason: 'gone' }, value: 1 }]);
    const missed = await world.metrics.missedEvents.get();
    expect(missed.values.map(({ labels, value }) => [labels['type'], value]).sort()).toEqual([
      ['added', 1],
      ['deleted', 1],
      ['modified', 1],
    ]);
    // The first one counts, too.
    const updates = await world.metrics.cacheUpdateSeconds.get();
    expect(updates.values.find(({ metricName }) => metricName?.endsWith('_count'))?.value).toBe(2);
  });

  it('a version that stays too old after each LIST does not make it list without pause', async () => {
    const world = await watchWorld({
      lists: [aList('5', [a1])],
      watches: [gone, gone, gone, gone, gone, gone, gone],
      tuning: { relist: { minMs: 40, maxMs: 80 } },
    });
    await until(() => world.lists.length === 4);
    // The first relist at once, then half of 40 and of 80 ms at least.
    expect((world.lists[1]?.at ?? 0) - (world.lists[0]?.at ?? 0)).toBeLessThan(1_000);
    expect((world.lists[3]?.at ?? 0) - (world.lists[1]?.at ?? 0)).toBeGreaterThan(55);
  });

  it('reports a name that was deleted and made again in the gap as two changes', async () => {
    const reborn = anObject('a', '1', { uid: 'a-2', version: '8' });
    const world = await watchWorld({ lists: [aList('5', [a1]), aList('9', [reborn])], watches: [gone] });
    await until(() => world.reflector.revision() === '9');
    expect(world.told.slice(3)).toEqual(['deleted a', 'added a=1', 'revision 9']);
  });

  it('reports a name that comes back under another uid on the watch itself as two changes', async () => {
    const reborn = anObject('a', '1', { uid: 'a-2', version: '8' });
    const world = await watchWorld({ lists: [aList('5', [a1])], watches: [aWatch(aLine('MODIFIED', reborn), 'hold')] });
    await until(() => world.reflector.revision() === '8');
    expect(world.told.slice(3)).toEqual(['deleted a', 'added a=1', 'revision 8']);
  });

  it('ignores the end of an object that has been replaced already', async () => {
    const old = aLine('DELETED', anObject('a', '1', { uid: 'a-0', version: '6' }));
    const world = await watchWorld({ lists: [aList('5', [a1])], watches: [aWatch(old, 'hold')] });
    await until(() => world.reflector.revision() === '6');
    expect(world.state()).toBe('a=1');
  });
});

describe('an etcd restored from an older backup', () => {
  const tooLarge = failure(504, 'Timeout', 'Timeout: Too large resource version: 5, current: 3', {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
  });

  it('an etcd restored from an older backup is silent on the watch; the LIST that follows asks for no version after the 504, and the revision goes down', async () => {
    const world = await watchWorld({
      lists: [aList('5', [a1, b1]), tooLarge, aList('3', [a1])],
      watches: [aQuietWatch],
      tuning: { silentMs: 60 },
    });
    await until(() => world.watches.length >= 2);
    expect(world.state()).toBe('a=1');
    expect(world.lists[1]?.query.get('resourceVersion')).toBe('5');
    expect(world.lists[2]?.query.has('resourceVersion')).toBe(false);
    expect(world.watches[1]?.query.get('resourceVersion')).toBe('3');
  });

  const behind = aList('3', []);
  const cut = aWatch(aBookmark('5'), 'reset');

  it('an etcd restored from an older backup is found as soon as a watch is resumed: it is stale at once, and lists what there is now', async () => {
    let answerList: () => void = () => {};
    const world = await watchWorld({
      lists: [
        aList('5', [a1, b1]),
        (request, response) => {
          answerList = () => aList('3', [a1])(request, response);
        },
      ],
      watches: [cut],
      checks: [behind],
    });
    await until(() => world.lists.length === 2);
    expect(world.reflector.isStale()).toBe(true);
    expect(world.state()).toBe('a=1 b=1');
    expect(Object.fromEntries(world.lists[1]?.query ?? [])).toEqual({ limit: '50' });
    answerList();
    await until(() => world.reflector.revision() === '3' && !world.reflector.isStale());
    expect(world.state()).toBe('a=1');
    await until(() => world.watches.at(-1)?.query.get('resourceVersion') === '3');
    const relists = await world.metrics.relists.get();
    expect(relists.values).toEqual([{ labels: { resource: 'things', reason: 'version_too_large' }, value: 1 }]);
  });

  it('an etcd restored from an older backup is found by a check that the server refuses at first', async () => {
    const world = await watchWorld({
      lists: [aList('5', [a1, b1]), aList('3', [a1])],
      watches: [cut],
      checks: [
        unavailable,
        failure(429, 'TooManyRequests', 'busy'),
        (_request, response) => response.destroy(),
        behind,
      ],
    });
    await until(() => world.reflector.revision() === '3');
    expect(world.checks).toHaveLength(4);
    expect(Object.fromEntries(world.checks[0]?.query ?? [])).toEqual({ limit: '1' });
  });

  it.each([
    ['the same version', '5'],
    ['a later one', '12'],
    ['one that cannot be ordered', 'abc'],
  ])('an etcd restored from an older backup is not taken for one where the server has %s', async (_what, version) => {
    const world = await watchWorld({
      lists: [aList('5', [a1])],
      watches: [cut, aWatch(aLine('MODIFIED', a2), 'hold')],
      checks: [aList(version, [a1])],
    });
    await until(() => world.checks.length === 1 && world.state() === 'a=2');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(world.lists).toHaveLength(1);
    expect(world.watches).toHaveLength(2);
    expect(world.reflector.isStale()).toBe(false);
  });

  it('an etcd restored from an older backup is not checked for where the version has just been listed', async () => {
    const world = await watchWorld({ lists: [aList('5', [a1]), aList('9', [a2])], watches: [gone] });
    await until(() => world.watches.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(world.checks).toHaveLength(0);
  });

  it('an etcd restored from an older backup is checked again by each watch: a check ends with its own', async () => {
    let isGivenUp = false;
    let endWatch: () => void = () => {};
    const world = await watchWorld({
      lists: [aList('5', [a1])],
      watches: [
        cut,
        (request, response) => {
          aQuietWatch(request, response);
          endWatch = () => response.end(aBookmark('6'));
        },
      ],
      checks: [(_request, response) => response.on('close', () => (isGivenUp = true))],
    });
    await until(() => world.checks.length === 1);
    endWatch();
    await until(() => world.checks.length === 2 && isGivenUp);
    expect(world.watches).toHaveLength(3);
    expect(world.lists).toHaveLength(1);
  });

  it('an etcd restored from an older backup is found too when the server keeps closing the empty watch cleanly', async () => {
    const empty = aWatch('', 'close');
    const world = await watchWorld({
      lists: [aList('5', [a1, b1]), tooLarge, aList('3', [a1])],
      watches: [empty, empty, empty, empty],
    });
    await until(() => world.reflector.revision() === '3');
    expect(world.state()).toBe('a=1');
  });
});

describe('silence', () => {
  it('silence on a half-open connection ends in a LIST, and is stale until then', async () => {
    let answerList: () => void = () => {};
    const world = await watchWorld({
      lists: [
        aList('5', [a1]),
        (request, response) => {
          answerList = () => aList('9', [a2])(request, response);
        },
      ],
      watches: [aWatch(aBookmark('6'), 'hold')],
      tuning: { silentMs: 60 },
    });
    await until(() => world.lists.length === 2);
    expect(world.reflector.isStale()).toBe(true);
    expect(world.state()).toBe('a=1');
    answerList();
    await until(() => world.state() === 'a=2' && !world.reflector.isStale());
    expect(world.reflector.lastHeardAt()).toBeGreaterThan(systemClock.monotonic() - 5_000);
  });

  it.each([
    ['back', -3_600_000],
    ['ahead', 3_600_000],
  ])('silence is noticed all the same when the wall clock was set %s an hour meanwhile', async (_, aheadMs) => {
    let aheadNowMs = aheadMs > 0 ? aheadMs : 0;
    const world = await watchWorld({
      lists: [aList('5', [a1]), aList('9', [a2])],
      wallClock: () => Date.now() + aheadNowMs,
      tuning: { silentMs: 300 },
    });
    await until(() => world.watches.length === 1);
    // Ahead for a while and then right again, or right and then back: what was noted is an hour
    // ahead of now.
    aheadNowMs = Math.min(0, aheadMs);
    await until(() => world.state() === 'a=2' && !world.reflector.isStale());
    const relists = await world.metrics.relists.get();
    expect(relists.values[0]?.labels).toEqual({ resource: 'things', reason: 'silent' });
  });

  it('silence in the middle of a line counts as silence', async () => {
    const world = await watchWorld({
      lists: [aList('5', [a1]), aList('9', [a2])],
      watches: [aWatch(aLine('MODIFIED', a2).slice(0, 40), 'hold')],
      tuning: { silentMs: 60 },
    });
    await until(() => world.state() === 'a=2');
  });

  it('silence lasts over attempts that end at once: after it the next step is a LIST', async () => {
    const world = await watchWorld({
      lists: [aList('5', [a1]), aList('9', [a2])],
      watches: Array.from({ length: 100 }, () => unavailable),
      tuning: { silentMs: 50, tickMs: 1_000, retry: { minMs: 120, maxMs: 120 } },
    });
    await until(() => world.state() === 'a=2');
    expect(world.watches.length).toBeLessThan(4);
  });

  it('silence of a watch that is cut is not waited for: three seconds blind is stale, until a line comes', async () => {
    let isDown = true;
    const world = await watchWorld({
      lists: [aList('5', [a1])],
      watches: Array.from({ length: 1_000 }, (_, count) => (...exchange) => {
        if (count === 0) aWatch(aBookmark('5'), 'reset')(...exchange);
        else if (isDown) unavailable(...exchange);
        else aWatch(aLine('MODIFIED', a2), 'hold')(...exchange);
      }),
      // Long against a pause of a busy test machine, which would be a gap of its own.
      tuning: { blindMs: 300, proofMs: 60_000 },
    });
    await until(() => world.watches.length > 1);
    expect(world.reflector.isStale()).toBe(false);
    await until(() => world.reflector.isStale());
    isDown = false;
    await until(() => world.state() === 'a=2');
    await until(() => !world.reflector.isStale());
    expect(world.lists).toHaveLength(1);
  });

  it('silence through a server that is down for long makes it stale, and it lists when the server is back', async () => {
    const world = await watchWorld({
      lists: [aList('5', [a1]), unavailable, unavailable, aList('9', [a2])],
      watches: Array.from({ length: 1_000 }, () => unavailable),
      tuning: { silentMs: 80, blindMs: 40 },
    });
    await until(() => world.reflector.isStale());
    await until(() => world.state() === 'a=2');
  });
});

describe('a gap in our own clock', () => {
  it('makes it stale until a watch that was asked for afterwards delivers: the old one is full of what is older', async () => {
    let frozenMs = 0;
    let deliver: () => void = () => {};
    const world = await watchWorld({
      lists: [aList('5', [a1])],
      watches: [
        aQuietWatch,
        (request, response) => {
          aQuietWatch(request, response);
          deliver = () => response.write(aLine('MODIFIED', a2));
        },
      ],
      now: () => Date.now() + frozenMs,
      tuning: { proofMs: 60_000, blindMs: 10_000, silentMs: 90_000 },
    });
    await until(() => world.watches.length === 1);
    expect(world.reflector.isStale()).toBe(false);
    frozenMs = 60_000;
    expect(world.reflector.isStale()).toBe(true);
    await until(() => world.watches.length === 2);
    // several ticks: time alone heals nothing
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(world.reflector.isStale()).toBe(true);
    deliver();
    await until(() => world.state() === 'a=2');
    await until(() => !world.reflector.isStale());
    expect(world.lists).toHaveLength(1);
  });

  it('leads to a LIST when the watch does not deliver', async () => {
    let frozenMs = 0;
    const world = await watchWorld({
      lists: [aList('5', [a1]), aList('9', [a2])],
      now: () => Date.now() + frozenMs,
      tuning: { proofMs: 20, blindMs: 10_000, silentMs: 90_000 },
    });
    await until(() => world.watches.length === 1);
    frozenMs = 60_000;
    await until(() => world.state() === 'a=2');
    expect(world.reflector.isStale()).toBe(false);
    const relists = await world.metrics.relists.get();
    expect(relists.values).toEqual([{ labels: { resource: 'things', reason: 'unproven' }, value: 1 }]);
  });
});

describe('an object that cannot be read', () => {
  const poison = (name: string, version: string) => anObject(name, { not: 'a string' }, { version });
  const unreadableLogs = (logged: readonly string[]) => logged.filter((line) => line.includes('unreadable object'));

  it('an object that cannot be read in a LIST keeps its last readable state, is logged once, and hides none of the others', async () => {
    const world = await watchWorld({
      lists: [aList('5', [a1, b1]), aList('9', [poison('a', '8'), anObject('b', '2')])],
      watches: [gone, aWatch(aLine('MODIFIED', anObject('b', '3', { version: '10' })), 'hold')],
    });
    await until(() => world.reflector.revision() === '10');
    expect(world.state()).toBe('a=1 b=3');
    expect([...world.reflector.unreadable()]).toEqual(['ns/a']);
    expect(unreadableLogs(world.logged)).toHaveLength(1);
  });

  it('an object that was never readable is left out, and said', async () => {
    const world = await watchWorld({ lists: [aList('5', [poison('a', '1'), b1])] });
    await until(() => world.reflector.isSynced());
    expect(world.state()).toBe('b=1');
    expect(unreadableLogs(world.logged)[0]).toContain('ns/a');
  });

  it('an object that cannot be read is not kept when its name belongs to another uid now', async () => {
    const other = anObject('a', { not: 'a string' }, { uid: 'a-2' });
    const world = await watchWorld({ lists: [aList('5', [a1]), aList('9', [other])], watches: [gone] });
    await until(() => world.reflector.revision() === '9');
    expect(world.told.slice(3)).toEqual(['deleted a', 'revision 9']);
  });

  it('an object that cannot be read on the watch ends it and leads to a LIST; once known, it does so no more, and heals by itself', async () => {
    const healed = aLine('MODIFIED', anObject('a', '4', { version: '13' }));
    const world = await watchWorld({
      lists: [aList('5', [a1]), aList('9', [poison('a', '8')])],
      watches: [
        aWatch(aLine('MODIFIED', poison('a', '8')), 'hold'),
        aWatch(
          aLine('MODIFIED', poison('a', '11')) + aLine('ADDED', anObject('c', '1', { version: '12' })) + healed,
          'hold',
        ),
      ],
    });
    await until(() => world.reflector.revision() === '13');
    expect(world.state()).toBe('a=4 c=1');
    expect(world.lists).toHaveLength(2);
    expect(world.watches).toHaveLength(2);
    expect(world.reflector.unreadable().size).toBe(0);
    expect(unreadableLogs(world.logged)).toHaveLength(1);
    const counted = await world.metrics.watchEvents.get();
    expect(counted.values).toContainEqual({ labels: { resource: 'things', type: 'UNREADABLE' }, value: 3 });
  });

  it('an object that cannot be read is gone when it is deleted', async () => {
    const world = await watchWorld({
      lists: [aList('5', [a1]), aList('9', [poison('a', '8')])],
      watches: [gone, aWatch(aLine('DELETED', poison('a', '10')), 'hold')],
    });
    await until(() => world.reflector.revision() === '10');
    expect(world.state()).toBe('');
    expect(world.reflector.unreadable().size).toBe(0);
  });
});

describe('the end', () => {
  it('the end comes at once, whatever it waits for, and nothing is reported after it', async () => {
    const world = await watchWorld({
      lists: [json({}, 503, { 'retry-after': '60' })],
      tuning: { maxRetryAfterMs: 60_000 },
    });
    await until(() => world.lists.length === 1);
    await world.reflector.close();
    expect(world.told).toEqual([]);
    expect(world.fatal).toEqual([]);
    expect(world.reflector.isStale()).toBe(true);
  });

  it('the end comes at once in the middle of a watch', async () => {
    const world = await watchWorld({ lists: [aList('5', [a1])] });
    await until(() => world.watches.length === 1);
    await world.reflector.close();
    expect(world.fatal).toEqual([]);
  });

  it('the end comes at once between two watches, and no other one is asked for', async () => {
    const world = await watchWorld({
      lists: [aList('5', [a1])],
      watches: [unavailable],
      tuning: { retry: { minMs: 60_000, maxMs: 60_000 } },
    });
    await until(() => world.watches.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 30)); // it waits for its next attempt
    await world.reflector.close();
    expect(world.watches).toHaveLength(1);
  });

  it('reports nothing more, not even what has arrived already', async () => {
    let isClosed: Promise<void> | undefined;
    const world = await watchWorld({
      lists: [aList('5', [])],
      watches: [aWatch(aLine('ADDED', a1) + aLine('ADDED', b1), 'hold')],
      onChange: (reflector) => {
        isClosed ??= reflector.close();
      },
    });
    await until(() => isClosed !== undefined);
    await isClosed;
    expect(world.told.slice(2)).toEqual(['added a=1', 'revision 1']);
  });

  it('the end comes loudly when a callback throws: the store may be wrong for good', async () => {
    const world = await watchWorld({
      lists: [aList('5', [a1])],
      onChange: () => {
        throw new Error('bug');
      },
    });
    await until(() => world.fatal.length === 1);
    expect(world.fatal[0]).toMatchObject({ cause: { message: 'bug' } });
    expect(world.reflector.isStale()).toBe(true);
    expect(world.watches).toHaveLength(0);
  });
});
