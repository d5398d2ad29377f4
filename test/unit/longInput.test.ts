/**
 * Tests values that a tenant makes as long as Kubernetes lets them. An annotation may take 256 KiB,
 * and the rules parse every value several times a change. A parser that takes quadratic time on
 * 250,000 characters does not end within the time limit of a test.
 */

import { describe, expect, it } from 'vitest';
import { parseMediaType } from '../../lib/events/mediaType.ts';
import { parseRfc3339 } from '../../lib/events/rfc3339.ts';
import { parseSubject } from '../../lib/events/subject.ts';
import { isUri } from '../../lib/events/uri.ts';
import { celFromGoTemplate } from '../../lib/expression/goTemplate.ts';
import { parseJsonPath } from '../../lib/flow/data/jsonPath.ts';
import { parseSpan } from '../../lib/flow/spec/parseSpan.ts';
import { parsePod } from '../../lib/kube/parsePod.ts';
import { parseRetryAfter } from '../../lib/kube/parseRetryAfter.ts';
import { parseService } from '../../lib/kube/parseService.ts';
import { parseSlice } from '../../lib/kube/parseSlice.ts';
import { boundValue } from '../../lib/selection/boundValue.ts';
import { compareRevisions } from '../../lib/selection/compareRevisions.ts';
import { parseDemotion } from '../../lib/selection/demotion.ts';
import { electionWarnings } from '../../lib/selection/elections/annotationsOf.ts';
import { parseActive, parseElections } from '../../lib/selection/elections/electionSettings.ts';
import { parseHandoverFrom } from '../../lib/selection/handover.ts';
import { parseHealthCheck } from '../../lib/selection/healthCheck.ts';
import { parseHistory } from '../../lib/selection/history.ts';
import { annotation } from '../../lib/selection/names.ts';
import { formatVerdicts, parseVerdicts } from '../../lib/selection/outsideVerdict.ts';
import { parseDuration } from '../../lib/selection/parseDuration.ts';
import { parsePreferred } from '../../lib/selection/preference.ts';
import { parseLiteral, parseRoleCheck } from '../../lib/selection/roleCheck.ts';
import { parseScaleRecord } from '../../lib/selection/scaleRecord.ts';
import { parseSettings } from '../../lib/selection/settings.ts';
import { parsePriority, parseWeight } from '../../lib/selection/strategy.ts';
import { parseWarm } from '../../lib/selection/warm.ts';
import { uidOf } from '../support/objects/builders.ts';

const LENGTH = 250_000;
const shapes = ['1', '1.', '.1', '-', '1h', 'a', 'a.', 'a-', ' ', '"', '%41', 'é', '9'].map((unit) => ({
  unit,
  text: unit.repeat(LENGTH / unit.length),
}));
const prefixes = ['', 'http://:80/', 'namespaces/a/services/', '2026-01-01T00:00:00.', 'application/json; a="', '{{'];

const parsers: Readonly<Record<string, (text: string) => unknown>> = {
  parseDuration,
  parsePriority,
  parseWeight,
  parsePreferred,
  parseHistory,
  parseDemotion,
  parseHandoverFrom,
  parseScaleRecord,
  parseWarm,
  parseVerdicts,
  parseElections,
  parseActive,
  parseHealthCheck,
  parseRoleCheck: (text) => parseRoleCheck(text, { send: '', expect: 'a' }),
  parseLiteral,
  compareRevisions: (text) => compareRevisions(text, '1'),
  parseMediaType,
  parseRfc3339,
  parseSubject,
  isUri,
  celFromGoTemplate,
  parseJsonPath,
  parseSpan,
  parseRetryAfter: (text) => parseRetryAfter(text, 0),
};

describe('a value of 250,000 characters', () => {
  it.each(Object.keys(parsers))('a value of 250,000 characters is parsed by %s in linear time', (name) => {
    for (const { text } of shapes)
      for (const prefix of prefixes) {
        try {
          parsers[name]?.(prefix + text);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^INPUT_/) });
        }
      }
  });

  it.each(Object.values(annotation))(
    'a value of 250,000 characters in %s is unreadable, and the message says how long it may be',
    (key) => {
      for (const { text } of shapes) {
        const { unreadable } = parseSettings({ [key]: text });
        for (const each of unreadable) {
          expect(each.value.length).toBeLessThanOrEqual(65);
          expect(each.expected).toMatch(/^at most 1024 characters: /);
        }
      }
    },
  );

  it('a value of 250,000 characters is unreadable for every annotation of a Service that has a form', () => {
    const keys = Object.values(annotation).slice(0, Object.values(annotation).indexOf(annotation.priority));
    const long = boundValue('1'.repeat(LENGTH));
    const annotations = Object.fromEntries(keys.map((key) => [key, long]));
    const ofElections = electionWarnings({ [annotation.active]: long, [annotation.spread]: long });
    const named = [...electionWarnings(annotations), ...ofElections].map(({ value }) => value?.split('=')[0]);
    const unreadable = parseSettings(annotations).unreadable.map((each) => each.annotation);
    expect([...new Set([...unreadable, ...named])]).toEqual(keys);
  });
});

describe('a projection', () => {
  const long = '1'.repeat(250_000);
  const metadata = { namespace: 'ns', name: 'db', uid: 'u', resourceVersion: '1' };

  it('cuts the annotations of a pod to a length that no parser accepts', () => {
    const annotations = { [annotation.exclude]: long, [annotation.priority]: long };
    const pod = parsePod({ metadata: { ...metadata, annotations } });
    expect(pod.exclude?.length).toBe(1_025);
    expect(pod.priority?.length).toBe(1_025);
  });

  it('keeps the lists that zen-lead writes up to 4 KiB, and cuts a longer one', () => {
    const entry = {
      fit: false,
      until: 1_800_000_000_000,
      by: 'system:serviceaccount:shop:watchdog',
      reason: 'x'.repeat(64),
    };
    const full = Array.from({ length: 16 }, (_, n) => ({ pod: uidOf(`pod-${n}`), ...entry }));
    const read = (value: string) =>
      parseSlice({ metadata: { ...metadata, annotations: { [annotation.verdicts]: value } } }).annotations;
    const text = formatVerdicts(full);
    expect(text.length).toBeGreaterThan(1_024);
    expect(parseVerdicts(read(text)[annotation.verdicts])).toEqual(full);
    const cut = read(long)[annotation.verdicts];
    expect(cut?.length).toBe(4_097);
    expect(parseVerdicts(cut)).toEqual([]);
  });

  it('cuts the annotations of a Service, and keeps few of those that it does not know', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`zen-lead.io/unknown-${n}`, long]));
    const annotations = { ...many, [annotation.minReadyDuration]: long, [annotation.enabled]: 'true' };
    const service = parseService({ metadata: { ...metadata, annotations }, spec: {} });
    expect(service.annotations[annotation.enabled]).toBe('true');
    expect(service.annotations[annotation.minReadyDuration]?.length).toBe(1_025);
    expect(JSON.stringify(service).length).toBeLessThan(20_000);
  });
});
