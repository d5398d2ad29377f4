import { describe, expect, it } from 'vitest';
import { faultResult } from '../../../../bridge/probes/faultResult.ts';

const withCode = (code: string, cause?: unknown): Error =>
  Object.assign(new Error('x', cause === undefined ? undefined : { cause }), { code });

describe('faultResult', () => {
  it.each([
    ['ECONNREFUSED', 'refused'],
    ['ECONNRESET', 'reset'],
    ['EPIPE', 'reset'],
    ['ETIMEDOUT', 'timeout'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ENETUNREACH', 'unreachable'],
    ['ERR_HTTP2_ERROR', 'garbage'],
  ])('judges the target by %s', (code, detail) => {
    expect(faultResult(withCode(code))).toEqual({ kind: 'failed', detail });
  });

  it.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'EADDRNOTAVAIL', 'EACCES', 'EPERM'])(
    'judges no target by %s, a fault of this process',
    (code) => {
      expect(faultResult(withCode(code))).toEqual({ kind: 'void' });
      expect(faultResult(withCode('ERR_HTTP2_STREAM_CANCEL', withCode(code)))).toEqual({ kind: 'void' });
    },
  );

  it('takes what is no error of the system for garbage', () => {
    expect(faultResult(new Error('x'))).toEqual({ kind: 'failed', detail: 'garbage' });
    expect(faultResult('x')).toEqual({ kind: 'failed', detail: 'garbage' });
  });
});
