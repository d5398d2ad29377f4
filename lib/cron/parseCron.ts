/**
 * Parses a cron expression of five fields, as a CronJob of Kubernetes takes it, with its time zone.
 *
 * Guarantees: what it returns depends on nothing but its arguments and the time zone database. It
 * fires some day, and the search for that day is short: an expression that never fires, as
 * `0 0 30 2 *`, is a problem. Parsing takes less than a millisecond, whatever the text.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
 */

import { Cron, CronPattern } from 'croner';

export interface CronTimes {
  /** The next time after an instant; null beyond the year 9999. Epoch milliseconds. */
  nextAfter(at: number): number | null;
  /** The last time up to an instant, itself included. */
  lastUntil(at: number): number | null;
  /** How many times follow `after`, up to `until`; counts no further than `max`. */
  countBetween(after: number, until: number, max: number): number;
}

export type CronRead =
  | { readonly kind: 'cron'; readonly times: CronTimes }
  | { readonly kind: 'problem'; readonly field: 'schedule' | 'timeZone'; readonly message: string };

/** The longest list of a field has 60 numbers, and who needs more has another problem. */
export const MAX_CRON = 256;
/** https://en.wikipedia.org/wiki/List_of_tz_database_time_zones */
export const MAX_ZONE = 64;

const NICKNAMES = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);
const fields = ['minute', 'hour', 'day of month', 'month', 'day of week'] as const;
/** What croner reads beyond them, as L, W and #, no CronJob takes. */
const alphabets = [
  /^[\d*,/-]+$/,
  /^[\d*,/-]+$/,
  /^[\d*,/-]+$/,
  /^(?:[\d*,/-]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)+$/i,
  /^(?:[\d*,/-]|sun|mon|tue|wed|thu|fri|sat)+$/i,
] as const;
/** Of a leap year. */
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

export function parseCron(schedule: string, timeZone = 'UTC'): CronRead {
  if (!isZone(timeZone)) {
    const message = `"${timeZone.slice(0, MAX_ZONE)}" is no time zone of the IANA database, as Europe/Berlin or UTC`;
    return { kind: 'problem', field: 'timeZone', message };
  }
  const text = normalize(schedule);
  const message = problemOf(text);
  if (message !== null) return { kind: 'problem', field: 'schedule', message };
  return { kind: 'cron', times: timesOf(new Cron(text, { mode: '5-part', timezone: timeZone, paused: true })) };
}

/** `?` is a `*` to Kubernetes, and the present to croner. */
function normalize(schedule: string): string {
  return schedule.length > MAX_CRON ? schedule : schedule.trim().replaceAll('?', '*').split(/\s+/).join(' ');
}

function isZone(name: string): boolean {
  // An offset, as +02:00, knows no summer time, and CronJob refuses it.
  if (name.length > MAX_ZONE || !/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function problemOf(text: string): string | null {
  if (text.length > MAX_CRON) return `has ${text.length} characters; at most ${MAX_CRON} are allowed`;
  if (/^(?:CRON_)?TZ=/.test(text)) return 'has a time zone in it; that is spec.timeZone';
  if (text.startsWith('@')) {
    if (NICKNAMES.has(text)) return null;
    return `"${text}" is unknown; known are ${[...NICKNAMES].join(', ')}`;
  }
  const parts = text === '' ? [] : text.split(' ');
  if (parts.length !== fields.length)
    return `has ${parts.length} fields; five are expected: ${fields.join(', ')}, as "30 2 * * 1-5"`;
  for (const [index, part] of parts.entries()) {
    const problem = problemOfField(parts, index, part);
    if (problem !== null) return problem;
  }
  return firesNever(new CronPattern(text, undefined, { mode: '5-part' }))
    ? `"${text}" never fires: its months do not have that day`
    : null;
}

/** Parses one field alone, with stars around it, so that a message can name it. */
function problemOfField(parts: readonly string[], index: number, part: string): string | null {
  const where = `field ${index + 1} of 5 (${fields[index]}) "${part}"`;
  if (alphabets[index]?.test(part) !== true)
    return `${where} has characters that a cron expression does not have there`;
  try {
    new CronPattern(parts.map((_, at) => (at === index ? part : '*')).join(' '), undefined, { mode: '5-part' });
    return null;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return `${where} cannot be read: ${said.replace(/^CronPattern: /, '')}`;
  }
}

/** A day of the week comes in every month, and one of the two days is enough. */
function firesNever({ day, month, starDOW }: CronPattern): boolean {
  if (!starDOW) return false;
  return DAYS.every((length, index) => month[index] !== 1 || !day.slice(0, length).includes(1));
}

function timesOf(cron: Cron): CronTimes {
  const nextAfter = (at: number) => cron.nextRun(new Date(at))?.getTime() ?? null;
  return {
    nextAfter,
    // It looks before an instant, and at whole seconds.
    lastUntil: (at) => cron.previousRuns(1, new Date(Math.floor(at / 1_000) * 1_000 + 1_000))[0]?.getTime() ?? null,
    countBetween(after, until, max) {
      let count = 0;
      for (let at = nextAfter(after); at !== null && at <= until && count < max; at = nextAfter(at)) count += 1;
      return count;
    },
  };
}
