import { describe, expect, it } from 'vitest';
import { chooseNextStep, type NextStep, type WatchEnd } from '../../../../bridge/watch/nextStep.ts';
import { reflectorTuning } from '../../../../bridge/watch/reflectorTuning.ts';
import { type ErrorCode, ZenLeadError } from '../../../../lib/errors.ts';

const failed = (code: ErrorCode, lines = 0, retryAfterMs?: number): WatchEnd => ({
  kind: 'failed',
  lines,
  error: new ZenLeadError(code, 'x', { retry: 'later', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }),
});
const next = (end: WatchEnd, failures = 0, random = 1, isSilent = false): NextStep =>
  chooseNextStep(end, { failures, isSilent }, reflectorTuning, random);

describe('after a watch has ended', () => {
  it('resumes at once when the server closed a watch that had delivered something', () => {
    expect(next({ kind: 'closed', lines: 1, livedMs: 1_000 }, 3)).toEqual({ kind: 'resume', waitMs: 0, failures: 0 });
    expect(next({ kind: 'closed', lines: 900, livedMs: 50 }, 0)).toMatchObject({ kind: 'resume', waitMs: 0 });
  });

  it('does not spin when something in between closes every watch after its first line', () => {
    const waits: number[] = [];
    for (let failures = 0; failures < 12; ) {
      const step = next({ kind: 'closed', lines: 1, livedMs: 5 }, failures);
      if (step.kind !== 'resume') throw new Error('no reason to list: every line is news');
      waits.push(step.waitMs);
      failures = step.failures;
    }
    expect(waits).toEqual([0, 0, 0, 0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  });

  it('waits longer each time a watch ends without a line, then lists: the version itself is suspect', () => {
    const closed: WatchEnd = { kind: 'closed', lines: 0, livedMs: 5_000 };
    expect([0, 1, 2, 3].map((failures) => next(closed, failures))).toEqual([
      { kind: 'resume', waitMs: 100, failures: 1 },
      { kind: 'resume', waitMs: 200, failures: 2 },
      { kind: 'resume', waitMs: 400, failures: 3 },
      { kind: 'relist', reason: 'silent' },
    ]);
  });

  it('resumes for minutes while the server is down, every 5 s at most', () => {
    const waits = Array.from({ length: 12 }, (_, failures) => next(failed('KUBE_UNAVAILABLE'), failures, 0.999));
    expect(waits.every((step) => step.kind === 'resume' && step.waitMs <= 5_000)).toBe(true);
    expect(waits.at(-1)).toMatchObject({ kind: 'resume', failures: 12 });
  });

  it('starts the backoff again from its minimum when the failed watch had delivered something', () => {
    expect(next(failed('KUBE_UNAVAILABLE', 5), 6)).toEqual({ kind: 'resume', waitMs: 100, failures: 1 });
  });

  it.each<[ErrorCode, string]>([
    ['KUBE_GONE', 'gone'],
    ['KUBE_VERSION_TOO_LARGE', 'version_too_large'],
    ['INPUT_INVALID', 'unreadable'],
  ])('lists again after %s', (code, reason) => {
    expect(next(failed(code, 3))).toEqual({ kind: 'relist', reason });
  });

  it('tries a broken line again, but lists when it stays broken', () => {
    expect(next(failed('WATCH_BROKEN'), 2)).toMatchObject({ kind: 'resume', failures: 3 });
    expect(next(failed('WATCH_BROKEN'), 3)).toEqual({ kind: 'relist', reason: 'unreadable' });
  });

  it('waits as long as Retry-After says and up to a quarter more, but not for an hour', () => {
    expect(next(failed('KUBE_TOO_MANY_REQUESTS', 0, 7_000), 0, 0)).toMatchObject({ waitMs: 7_000 });
    expect(next(failed('KUBE_TOO_MANY_REQUESTS', 0, 7_000), 0, 1)).toMatchObject({ waitMs: 8_750 });
    expect(next(failed('KUBE_UNAVAILABLE', 0, 3_600_000), 0, 0)).toMatchObject({ waitMs: 60_000 });
  });

  it('lists when nothing was heard for too long, however the last attempt ended', () => {
    expect(next({ kind: 'closed', lines: 0, livedMs: 0 }, 0, 1, true)).toEqual({ kind: 'relist', reason: 'silent' });
    expect(next(failed('KUBE_UNAVAILABLE'), 0, 1, true)).toEqual({ kind: 'relist', reason: 'silent' });
  });

  it('watches again from where it was, at once, when we interrupted it after a freeze', () => {
    const end: WatchEnd = { kind: 'interrupted', lines: 9, reason: 'frozen' };
    expect(next(end, 3)).toEqual({ kind: 'resume', waitMs: 0, failures: 0 });
  });

  it('lists for the reason that we interrupted it for', () => {
    expect(next({ kind: 'interrupted', lines: 9, reason: 'unproven' })).toEqual({ kind: 'relist', reason: 'unproven' });
  });
});
