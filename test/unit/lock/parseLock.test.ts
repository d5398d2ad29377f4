import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../lib/errors.ts';
import { parseLock } from '../../../lib/lock/parseLock.ts';

const annotations = {
  'zen-lead.io/fencing-token': '1764300000001',
  'zen-lead.io/grant-id': 'r-1',
  'zen-lead.io/lock-delay-seconds': '2',
  'zen-lead.io/queue': '[{"id":"r-2","holder":"web-1","expiresAt":1764300060000,"ttlSeconds":30}]',
};
const spec = {
  holderIdentity: 'web-0',
  leaseDurationSeconds: 30,
  acquireTime: '2026-11-20T10:00:00.000000Z',
  renewTime: '2026-11-20T10:00:05.250000Z',
};
const aLease = (changes: { annotations?: object; labels?: object; spec?: object; name?: string } = {}) => ({
  metadata: {
    namespace: 'shop',
    name: changes.name ?? 'zenlock-reports',
    uid: 'u-1',
    resourceVersion: '17',
    labels: changes.labels ?? { 'zen-lead.io/lock': 'true' },
    annotations: { ...annotations, ...changes.annotations },
  },
  spec: { ...spec, ...changes.spec },
});

function pathOfFault(input: unknown): unknown {
  try {
    parseLock(input);
    return 'read';
  } catch (error) {
    expect(codeOf(error)).toBe('INPUT_INVALID');
    return error instanceof Error && 'path' in error ? error.path : undefined;
  }
}

describe('parseLock', () => {
  it('reads who holds the lock and who waits', () => {
    const t = Date.parse('2026-11-20T10:00:00Z');
    expect(parseLock(aLease())).toMatchObject({
      namespace: 'shop',
      name: 'zenlock-reports',
      lock: 'reports',
      resourceVersion: '17',
      state: {
        exists: true,
        token: 1764300000001,
        grant: { id: 'r-1', holder: 'web-0', ttlMs: 30_000, lockDelayMs: 2_000, acquiredAt: t, renewedAt: t + 5_250 },
        queue: [{ id: 'r-2', holder: 'web-1', expiresAt: 1764300060000, ttlMs: 30_000, lockDelayMs: 0 }],
      },
    });
  });

  it('takes a Lease without a holder for a free lock that keeps its token', () => {
    const { state } = parseLock(aLease({ spec: { holderIdentity: '' } }));
    expect(state).toMatchObject({ token: 1764300000001, grant: null });
  });

  it('takes a Lease that another program took for held by a grant without an id', () => {
    expect(parseLock(aLease({ annotations: { 'zen-lead.io/grant-id': undefined } })).state.grant).toMatchObject({
      id: '',
      holder: 'web-0',
    });
  });

  it.each([
    ['a token that is absent', { annotations: { 'zen-lead.io/fencing-token': undefined } }, 'fencing-token'],
    ['a token with a fraction', { annotations: { 'zen-lead.io/fencing-token': '1.5' } }, 'fencing-token'],
    [
      'a token that is too large',
      { annotations: { 'zen-lead.io/fencing-token': '9999999999999999' } },
      'fencing-token',
    ],
    ['a queue that is not JSON', { annotations: { 'zen-lead.io/queue': '[' } }, 'queue'],
    ['a queue without ids', { annotations: { 'zen-lead.io/queue': '[{"holder":"a"}]' } }, 'queue.id'],
    ['a queue of 65', { annotations: { 'zen-lead.io/queue': `[${Array(65).fill('{}').join()}]` } }, 'queue'],
    ['a queue of 64 KiB and more', { annotations: { 'zen-lead.io/queue': `${' '.repeat(65_536)}[]` } }, 'queue'],
    ['a lock delay in words', { annotations: { 'zen-lead.io/lock-delay-seconds': 'long' } }, 'lock-delay-seconds'],
    ['a holder without a time of renewal', { spec: { renewTime: undefined } }, 'renewTime'],
    ['a holder without a duration', { spec: { leaseDurationSeconds: undefined } }, 'leaseDurationSeconds'],
    ['a Lease without our label', { labels: {} }, 'zen-lead.io/lock'],
    ['a Lease of another name', { name: 'reports' }, 'zen-lead.io/lock'],
  ])('refuses %s, and names it', (_, changes, path) => {
    expect(pathOfFault(aLease(changes))).toContain(path);
  });

  it('refuses what is no object', () => {
    expect(pathOfFault(null)).toBe('lease');
  });
});
