import { describe, expect, it } from 'vitest';
import { judgedCheck, parseLiteral, parseRoleCheck } from '../../../lib/selection/roleCheck.ts';
import { parseSettings } from '../../../lib/selection/settings.ts';

const question = { send: 'mode\n', expect: 'primary' };
const unasked = { send: '', expect: '' };
const read = (annotations: Readonly<Record<string, string>>) =>
  parseSettings(Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`zen-lead.io/${key}`, value])));
const unreadable = (annotations: Readonly<Record<string, string>>) =>
  read(annotations).unreadable.map((each) => each.annotation.replace('zen-lead.io/', ''));

describe('the value of role-check', () => {
  it.each([
    ['http://:8008/primary', { scheme: 'http', port: 8008, target: '/primary', role: unasked }],
    ['http://:8008/', { scheme: 'http', port: 8008, target: '/', role: unasked }],
    ['redis://:6379', { scheme: 'redis', port: 6379, target: '', role: unasked }],
    ['tcp://:2181', { scheme: 'tcp', port: 2181, target: '', role: question }],
  ])('is read: %s', (text, check) => {
    expect(parseRoleCheck(text, question)).toEqual(check);
  });

  it.each([
    'http://:8008',
    'http://db:8008/primary',
    'https://:8008/primary',
    'http://:0/x',
    'http://:65536/x',
    'http://:80/a b',
    'redis://:6379/0',
    'redis://',
    'tcp://:1/x',
    'grpc://:1/x',
    'redis://:6379\n',
    '',
  ])('is refused: %j', (text) => {
    expect(parseRoleCheck(text, question)).toBeNull();
  });

  it('is refused over tcp without bytes to expect', () => {
    expect(parseRoleCheck('tcp://:2181', { send: 'mode\n', expect: '' })).toBeNull();
  });
});

describe('the bytes of role-check-send and role-check-expect', () => {
  it.each([
    ['mode\\r\\n', 'mode\r\n'],
    ['a\\tb', 'a\tb'],
    ['\\x00\\xfF\\x5c', '\x00\xff\\'],
    ['é', '\xc3\xa9'],
    ['"role:master"', '"role:master"'],
    ['', ''],
    ['x'.repeat(256), 'x'.repeat(256)],
    ['\\x61'.repeat(256), 'a'.repeat(256)],
  ])('are read: %j', (text, bytes) => {
    expect(parseLiteral(text)).toBe(bytes);
  });

  it.each(['\\', '\\q', '\\x1', '\\xg0', 'a\\', '\\u0041', '\\\\', 'x'.repeat(257), 'é'.repeat(129)])(
    'are refused: %j',
    (text) => {
      expect(parseLiteral(text)).toBeNull();
    },
  );
});

describe('the settings of a role check', () => {
  it('take the timing of health checks', () => {
    expect(read({ 'role-check': 'redis://:6379', 'health-check-interval': '100ms' }).settings.roleCheck).toEqual({
      ...{ scheme: 'redis', port: 6379, target: '', role: unasked, raw: 'redis://:6379' },
      ...{ intervalMs: 100, timeoutMs: 1_000, failureThreshold: 3, successThreshold: 2 },
    });
  });

  it.each([
    [{ 'role-check': 'redis' }, ['role-check']],
    [{ 'role-check': 'tcp://:1' }, ['role-check']],
    [{ 'role-check': 'tcp://:1', 'role-check-expect': '' }, ['role-check', 'role-check-expect']],
    [{ 'role-check': 'tcp://:1', 'role-check-send': '\\q', 'role-check-expect': 'x' }, ['role-check-send']],
    [{ 'role-check': 'tcp://:1', 'role-check-expect': '\\q' }, ['role-check', 'role-check-expect']],
    [{ 'role-check-send': 'x'.repeat(2_000) }, ['role-check-send']],
  ])('name what cannot be read, and ask for no role: %j', (annotations, names) => {
    expect(unreadable(annotations)).toEqual(names);
    expect(read(annotations).settings.roleCheck).toBeNull();
  });

  it('leave a health check without effect', () => {
    const { settings } = read({ 'health-check': 'tcp://:5432', 'role-check': 'http://:8008/primary' });
    expect(settings.healthCheck).toBeNull();
    expect(settings.roleCheck?.port).toBe(8008);
  });
});

describe('the name of the check that counts', () => {
  const named = (annotations: Readonly<Record<string, string>>) =>
    judgedCheck(Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`zen-lead.io/${key}`, value])));

  it('is the role check, else the health check', () => {
    expect(named({})).toBeUndefined();
    expect(named({ 'health-check': 'tcp://:1' })).toBe('tcp://:1');
    expect(named({ 'health-check': 'tcp://:1', 'role-check': 'redis://:2' })).toBe('redis://:2');
  });

  it('changes with what is sent and what is expected', () => {
    const base = { 'role-check': 'tcp://:1', 'role-check-send': 'a', 'role-check-expect': 'b' };
    const names = [
      named(base),
      named({ ...base, 'role-check-send': 'c' }),
      named({ ...base, 'role-check-expect': 'c' }),
      named({ ...base, 'role-check-send': 'ab', 'role-check-expect': '' }),
    ];
    expect(new Set(names).size).toBe(4);
    expect(names.every((name) => /^tcp:\/\/:1 [0-9a-f]{8}$/.test(name ?? ''))).toBe(true);
  });
});
