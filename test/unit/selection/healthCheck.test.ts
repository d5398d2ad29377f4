import { describe, expect, it } from 'vitest';
import { hangBoundMs, parseHealthCheck } from '../../../lib/selection/healthCheck.ts';
import { detailForm } from '../../../lib/selection/observation.ts';
import { parseSettings } from '../../../lib/selection/settings.ts';

function checkOf(values: Record<string, string>) {
  const entries = Object.entries({ 'health-check': 'tcp://:1', ...values });
  const { settings } = parseSettings(Object.fromEntries(entries.map(([key, value]) => [`zen-lead.io/${key}`, value])));
  if (settings.healthCheck === null) throw new Error('the check was not read');
  return settings.healthCheck;
}

describe('the value of health-check', () => {
  it.each([
    ['http://:80', { scheme: 'http', port: 80, target: '/' }],
    ['http://:65535/healthz?full=1', { scheme: 'http', port: 65_535, target: '/healthz?full=1' }],
    ['tcp://:1', { scheme: 'tcp', port: 1, target: '' }],
    ['grpc://:50051', { scheme: 'grpc', port: 50_051, target: '' }],
    ['grpc://:50051/pkg.Service', { scheme: 'grpc', port: 50_051, target: 'pkg.Service' }],
  ])('%s is read', (text, check) => {
    expect(parseHealthCheck(text)).toStrictEqual(check);
  });

  it.each([
    '',
    'tcp://:0',
    'tcp://:65536',
    'tcp://:99999',
    'tcp://:1/path',
    'http://host:80/',
    'xhttp://:80/',
    'http://:80x',
    'http://:80/a b',
    'https://:443/',
    'http://80',
  ])('%j is not', (text) => {
    expect(parseHealthCheck(text)).toBeNull();
  });
});

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

describe('detailForm', () => {
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
    expect(detailForm.test(text)).toBe(true);
  });

  it.each(['', 'ok', 'http-', 'http-20', 'http-2000', 'grpc-x', 'http-503 secret', 'Timeout', ' refused'])(
    'refuses %j: nothing of an answer travels but the list',
    (text) => {
      expect(detailForm.test(text)).toBe(false);
    },
  );
});
