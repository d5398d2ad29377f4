import { describe, expect, it } from 'vitest';
import { type Coalescer, createCoalescer } from '../../../../functions/reconcile/coalesce.ts';

/** Work that ends on request. `signals` shows which callers were aborted. */
function aRead() {
  const started: { resolve: (value: string) => void; reject: (error: Error) => void; signal: AbortSignal }[] = [];
  const work = (signal: AbortSignal): Promise<string> =>
    new Promise((resolve, reject) => {
      started.push({ resolve, reject, signal });
      signal.addEventListener('abort', () => reject(new Error('stopped')));
    });
  return { started, work };
}
const signal = new AbortController().signal;
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('hints on one key', () => {
  it('hints on one key are one read in flight and one waiting, however many ask', async () => {
    const hints: Coalescer<string> = createCoalescer(10);
    const { started, work } = aRead();
    const asked = ['a', 'b', 'c', 'd'].map(() => hints.run('k', work, signal));
    await tick();
    expect(started).toHaveLength(1);
    started[0]?.resolve('first');
    await tick();
    expect(started).toHaveLength(2);
    started[1]?.resolve('second');
    // Who asked while a read was in flight is served by one that began afterwards.
    expect(await Promise.all(asked)).toEqual(['first', 'second', 'second', 'second']);
  });

  it('hints on one key go on after a failure', async () => {
    const hints: Coalescer<string> = createCoalescer(10);
    const { started, work } = aRead();
    const first = hints.run('k', work, signal);
    const second = hints.run('k', work, signal);
    started[0]?.reject(new Error('no'));
    await expect(first).rejects.toThrow('no');
    await tick();
    started[1]?.resolve('yes');
    await expect(second).resolves.toBe('yes');
    await tick();
    const third = hints.run('k', work, signal);
    started[2]?.resolve('again');
    await expect(third).resolves.toBe('again');
  });

  it('hints on one key stop when no caller waits any more, and not before', async () => {
    const hints: Coalescer<string> = createCoalescer(10);
    const { started, work } = aRead();
    const [a, b, c] = [new AbortController(), new AbortController(), new AbortController()];
    const first = hints.run('k', work, a.signal);
    const second = hints.run('k', work, b.signal);
    const third = hints.run('k', work, c.signal);
    b.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    a.abort();
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
    expect(started[0]?.signal.aborted).toBe(true);
    await tick();
    expect(started[1]?.signal.aborted).toBe(false);
    started[1]?.resolve('third');
    await expect(third).resolves.toBe('third');
  });

  it('hints on one key that come after every caller has left the waiting read get one of their own', async () => {
    const hints: Coalescer<string> = createCoalescer(10);
    const { started, work } = aRead();
    const left = new AbortController();
    const first = hints.run('k', work, signal);
    const second = hints.run('k', work, left.signal);
    left.abort();
    const third = hints.run('k', work, signal);
    started[0]?.resolve('first');
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    await tick();
    started[1]?.resolve('third');
    expect(await Promise.all([first, third])).toEqual(['first', 'third']);
  });

  it('hints on more keys than the bound are refused as BUSY until one is free', async () => {
    const hints: Coalescer<string> = createCoalescer(2);
    const { started, work } = aRead();
    const first = hints.run('a', work, signal);
    void hints.run('b', work, signal);
    await expect(hints.run('c', work, signal)).rejects.toMatchObject({ code: 'BUSY', retryAfterMs: 1_000 });
    started[0]?.resolve('x');
    await first;
    await tick();
    void hints.run('c', work, signal);
    expect(started).toHaveLength(3);
  });
});
