import { describe, expect, it } from 'vitest';
import { parseCron } from '../../../lib/cron/parseCron.ts';

const at = (text: string) => Date.parse(text);

function times(schedule: string, timeZone?: string) {
  const read = parseCron(schedule, timeZone);
  if (read.kind === 'problem') throw new Error(read.message);
  const iso = (instant: number | null) => (instant === null ? null : new Date(instant).toISOString().slice(0, 16));
  const { nextAfter, lastUntil, countBetween } = read.times;
  return {
    next: (from: string) => iso(nextAfter(at(from))),
    last: (to: string) => iso(lastUntil(at(to))),
    countBetween,
  };
}

describe('a cron expression', () => {
  it.each([
    ['*/15 * * * *', '2026-11-29T04:45'],
    ['0 3 * * *', '2026-11-29T03:00'],
    ['0 0 1 * *', '2026-11-01T00:00'],
    ['0 0 * * 7', '2026-11-29T00:00'],
    ['30 4 * * mon-fri', '2026-11-27T04:30'],
    ['0 0 13 * fri', '2026-11-27T00:00'],
    ['0 0 ? * MON', '2026-11-23T00:00'],
    ['@hourly', '2026-11-29T04:00'],
    ['@weekly', '2026-11-29T00:00'],
    ['0 0 29 2 *', '2024-02-29T00:00'],
  ])('%s was last due at %s, as to a CronJob', (schedule, last) => {
    expect(times(schedule).last('2026-11-29T04:48:30Z')).toBe(last);
  });

  it('is due at its very second, and not a millisecond before', () => {
    expect(times('48 4 * * *').last('2026-11-29T04:48:00Z')).toBe('2026-11-29T04:48');
    expect(times('48 4 * * *').last('2026-11-29T04:47:59.999Z')).toBe('2026-11-28T04:48');
    expect(times('48 4 * * *').next('2026-11-29T04:48:00Z')).toBe('2026-11-30T04:48');
  });

  it('follows its time zone through both changes of a year', () => {
    const daily = times('30 2 * * *', 'Europe/Berlin');
    expect(daily.next('2026-07-01T12:00:00Z')).toBe('2026-07-02T00:30');
    expect(daily.next('2026-12-01T12:00:00Z')).toBe('2026-12-02T01:30');
    // The hour that comes twice has one run, and the one that is left out has its run right after.
    expect(daily.next('2026-10-24T12:00:00Z')).toBe('2026-10-25T00:30');
    expect(daily.next('2026-10-25T00:30:00Z')).toBe('2026-10-26T01:30');
    expect(daily.next('2026-03-28T12:00:00Z')).toBe('2026-03-29T01:00');
  });

  it('counts times no further than it is asked to', () => {
    expect(times('* * * * *').countBetween(at('2026-01-01T00:00:00Z'), at('2026-01-01T00:10:00Z'), 101)).toBe(10);
    expect(times('* * * * *').countBetween(at('2020-01-01T00:00:00Z'), at('2026-01-01T00:10:00Z'), 101)).toBe(101);
  });

  it.each([
    ['', 'has 0 fields; five are expected'],
    ['* * * *', 'has 4 fields; five are expected'],
    ['0 * * * * *', 'has 6 fields; five are expected'],
    ['0 25 * * *', 'field 2 of 5 (hour) "25" cannot be read'],
    ['*/0 * * * *', 'field 1 of 5 (minute) "*/0" cannot be read'],
    ['0 0 L * *', 'field 3 of 5 (day of month) "L" has characters'],
    ['0 0 * * FRI#2', 'field 5 of 5 (day of week) "FRI#2" has characters'],
    ['0 0 * Smarch *', 'field 4 of 5 (month) "Smarch" has characters'],
    ['0 0 30 2 *', 'never fires'],
    ['0 0 31 4,6,9,11 *', 'never fires'],
    ['@every 5m', '"@every 5m" is unknown; known are @yearly'],
    ['@reboot', '"@reboot" is unknown'],
    ['CRON_TZ=UTC 0 0 * * *', 'has a time zone in it; that is spec.timeZone'],
    [`${'1,'.repeat(200)}1 * * * *`, 'at most 256 are allowed'],
  ])('%j is refused, and says why', (schedule, message) => {
    expect(parseCron(schedule)).toEqual({
      kind: 'problem',
      field: 'schedule',
      message: expect.stringContaining(message),
    });
  });

  it.each(['Nowhere/City', '+02:00', 'local', '', '../../etc/passwd', 'A'.repeat(65)])(
    'refuses the time zone %j',
    (zone) => {
      expect(parseCron('* * * * *', zone)).toMatchObject({ kind: 'problem', field: 'timeZone' });
    },
  );
});
