import { describe, expect, it } from 'vitest';
import { toKubeError } from '../../../lib/kube/kubeError.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const status = (reason: string, details: object = {}, message = 'said') => ({
  kind: 'Status',
  reason,
  message,
  details,
});

describe('toKubeError', () => {
  // Bodies as kube-apiserver 1.35.4 sent them.
  it.each<[number, unknown, string, string]>([
    [400, status('BadRequest'), 'KUBE_INVALID', 'never'],
    [401, status('Unauthorized'), 'KUBE_UNAUTHORIZED', 'later'],
    [403, status('Forbidden'), 'KUBE_FORBIDDEN', 'later'],
    [404, status('NotFound'), 'KUBE_NOT_FOUND', 'now'],
    [406, status('NotAcceptable'), 'KUBE_INVALID', 'never'],
    [409, status('Conflict'), 'KUBE_CONFLICT', 'now'],
    [409, status('AlreadyExists'), 'KUBE_ALREADY_EXISTS', 'now'],
    [410, status('Expired'), 'KUBE_GONE', 'now'],
    [
      422,
      status('Invalid', { causes: [{ reason: 'FieldValueInvalid', field: 'metadata.uid' }] }),
      'KUBE_CONFLICT',
      'now',
    ],
    [
      422,
      status('Invalid', { causes: [{ reason: 'FieldValueRequired', field: 'spec.ports' }] }),
      'KUBE_INVALID',
      'never',
    ],
    [429, status('TooManyRequests'), 'KUBE_TOO_MANY_REQUESTS', 'later'],
    [500, status('InternalError'), 'KUBE_UNAVAILABLE', 'later'],
    [
      500,
      status('InternalError', {}, 'Internal error occurred: failed calling webhook "x"'),
      'KUBE_WEBHOOK_FAILED',
      'later',
    ],
    [503, '<html>bad gateway</html>', 'KUBE_UNAVAILABLE', 'later'],
    [504, status('Timeout', { causes: [{ reason: 'ResourceVersionTooLarge' }] }), 'KUBE_VERSION_TOO_LARGE', 'now'],
    [504, status('Timeout', {}, 'Timeout: Too large resource version: 9, current: 3'), 'KUBE_VERSION_TOO_LARGE', 'now'],
    [504, status('Timeout'), 'KUBE_UNAVAILABLE', 'later'],
    [302, undefined, 'KUBE_UNAVAILABLE', 'later'],
  ])('%i with %j is %s, retry %s', (httpStatus, body, code, retry) => {
    expect(toKubeError('list pods in ns', httpStatus, body, undefined, now)).toMatchObject({ code, retry });
  });

  it.each<[string | undefined, object, number | undefined]>([
    ['2', {}, 2000],
    ['0.5', {}, 500],
    ['Fri, 20 Nov 2026 12:00:07 GMT', {}, 7000],
    ['Fri, 20 Nov 2026 11:00:00 GMT', {}, 0],
    ['soon', { retryAfterSeconds: 4 }, 4000],
    [undefined, { retryAfterSeconds: 4 }, 4000],
    ['1', { retryAfterSeconds: 4 }, 1000],
    [undefined, {}, undefined],
  ])('Retry-After %j with details %j waits %j ms', (header, details, retryAfterMs) => {
    expect(toKubeError('list', 429, status('TooManyRequests', details), header, now).retryAfterMs).toBe(retryAfterMs);
  });

  it('says what was tried and what the server said, also when that is a page of HTML', () => {
    expect(toKubeError('get services ns/db', 503, ' <html>no backend</html>\n', undefined, now).message).toBe(
      'get services ns/db: 503 <html>no backend</html>',
    );
  });
});
