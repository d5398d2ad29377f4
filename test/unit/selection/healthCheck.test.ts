import { describe, expect, it } from 'vitest';
import { hangBoundMs } from '../../../lib/selection/healthCheck.ts';
import { isObservationDetail } from '../../../lib/selection/observation.ts';
import { parseSettings } from '../../../lib/selection/settings.ts';

function checkOf(values: Record<string, string>) {
  const entries = Object.entries({ 'health-check': 'tcp://:1', ...values });
  const { settings } = parseSettings(Object.fromEntries(entries.map(([key, value]) => [`zen-lead.io/${key}`, value])));
  if (settings.healthCheck === null) throw new Error('the check was not read');
  return settings.healthCheck;
}

describe('hangBoundMs', () => {
  it.each([
    [{}, 4_100],
    [
      {
        'health-check-interval': '100ms',
        'health-check-timeout': '100ms',
        'health-check-failure-threshold': '2',
      },
      350,
    ],
    [{ 'health-check-failure-threshold': '1' }, 2_000],
  ])('bounds a hang under %j by %d ms', (values, bound) => {
    expect(hangBoundMs(checkOf(values))).toBe(bound);
  });
});

describe('isObservationDetail', () => {
  it.each([
    'refused',
    'reset',
    'timeout',
    'unreachable',
    'not-serving',
    'garbage',
    'auth',
    'http-503',
    'grpc-14',
    'grpc-5',
  ])('accepts %s', (text) => {
    expect(isObservationDetail(text)).toBe(true);
  });

  it.each(['', 'ok', 'http-', 'http-20', 'http-2000', 'grpc-x', 'http-503 secret', 'Timeout', ' refused'])(
    'refuses %j: nothing of an answer travels but the list',
    (text) => {
      expect(isObservationDetail(text)).toBe(false);
    },
  );
});
