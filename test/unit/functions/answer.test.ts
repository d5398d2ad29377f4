import { expect, it } from 'vitest';
import { toAnswer, toRetryAfterHeader } from '../../../functions/answer.ts';
import { type ErrorCode, ZenLeadError } from '../../../lib/errors.ts';

const statuses: Record<ErrorCode, number> = {
  INPUT_INVALID: 400,
  UNAUTHENTICATED: 401,
  WRONG_SENDER: 403,
  REPORT_REFUSED: 403,
  PATH_UNKNOWN: 404,
  METHOD_NOT_ALLOWED: 405,
  INPUT_TOO_LARGE: 413,
  INPUT_UNSUPPORTED: 415,
  BUSY: 429,
  REQUEST_TIMEOUT: 408,
  HEADERS_TOO_LARGE: 431,
  CONFIG_INVALID: 503,
  KUBE_CONFLICT: 503,
  KUBE_ALREADY_EXISTS: 503,
  KUBE_NOT_FOUND: 503,
  KUBE_GONE: 503,
  KUBE_INVALID: 503,
  KUBE_UNAUTHORIZED: 503,
  KUBE_FORBIDDEN: 503,
  KUBE_TOO_MANY_REQUESTS: 503,
  KUBE_EVICTION_REFUSED: 503,
  KUBE_VERSION_TOO_LARGE: 503,
  KUBE_UNAVAILABLE: 503,
  KUBE_TIMEOUT: 503,
  KUBE_WEBHOOK_FAILED: 503,
  WATCH_BROKEN: 503,
  SINK_UNAVAILABLE: 503,
  SINK_UNREACHABLE: 503,
  ABORTED: 503,
  KUBE_NAMESPACE_TERMINATING: 503,
  DEMO_FAILED: 503,
  REFUSED: 503,
};

it.each(Object.entries(statuses) as [ErrorCode, number][])(
  'answers %s with %i, and says when to try again',
  (code, status) => {
    const answer = toAnswer(new ZenLeadError(code, 'x', { retry: 'later' }));
    expect(answer.status).toBe(status);
    expect(answer.retryAfterMs !== undefined).toBe(status === 429 || status === 503);
  },
);

const ofOneService: readonly ErrorCode[] = [
  'KUBE_FORBIDDEN',
  'KUBE_WEBHOOK_FAILED',
  'KUBE_NAMESPACE_TERMINATING',
  'KUBE_INVALID',
  'KUBE_CONFLICT',
  'KUBE_ALREADY_EXISTS',
  'KUBE_NOT_FOUND',
  'KUBE_GONE',
];

it.each(Object.keys(statuses) as ErrorCode[])(
  'says of %s whether one Service was refused or the function has too much to do',
  (code) => {
    const { status, body } = toAnswer(new ZenLeadError(code, 'x', { retry: 'later' }));
    const expected = ofOneService.includes(code) ? 'service' : 'function';
    expect(body.scope).toBe(status === 429 || status === 503 ? expected : undefined);
  },
);

it('passes on how long the API server asked to wait', () => {
  const error = new ZenLeadError('KUBE_TOO_MANY_REQUESTS', 'x', { retry: 'later', retryAfterMs: 7_000 });
  expect(toAnswer(error).retryAfterMs).toBe(7_000);
});

it.each([
  ['KUBE_FORBIDDEN', 'later'],
  ['KUBE_INVALID', 'never'],
  ['KUBE_UNAVAILABLE', 'later'],
] as const)('asks for another attempt a second after %s, which an API server may take back', (code, retry) => {
  expect(toAnswer(new ZenLeadError(code, 'x', { retry })).retryAfterMs).toBe(1_000);
});

it('says nothing of the inside about one of our own faults', () => {
  const answer = toAnswer(new TypeError('cannot read properties of undefined'));
  expect(answer).toMatchObject({ status: 503, body: { code: 'INTERNAL', scope: 'service' } });
  expect(JSON.stringify(answer)).not.toContain('undefined');
});

it.each([
  [0, '1'],
  [1, '1'],
  [1_001, '2'],
  [30_000, '30'],
])('writes %i ms as Retry-After %s', (ms, header) => expect(toRetryAfterHeader(ms)).toBe(header));
