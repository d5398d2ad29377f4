import { describe, expect, it } from 'vitest';
import type { Warning } from '../../../lib/selection/decision.ts';
import { parseSettings } from '../../../lib/selection/settings.ts';
import {
  foreignSliceWarnings,
  healthWarnings,
  podWarnings,
  settingsWarnings,
  sortWarnings,
} from '../../../lib/selection/warnings.ts';
import { aSnapshot } from '../../support/objects/anEvent.ts';
import { aSlice } from '../../support/objects/aSlice.ts';
import { aCandidate } from '../../support/objects/builders.ts';

describe('what a user wrote on the Service', () => {
  it('is named with its value and with what is accepted', () => {
    expect(settingsWarnings(parseSettings({ 'zen-lead.io/sticky': 'maybe' }))).toEqual([
      {
        reason: 'InvalidAnnotation',
        value: 'zen-lead.io/sticky=maybe',
        message: 'zen-lead.io/sticky cannot be read: "maybe". It accepts "true" or "false".',
      },
    ]);
  });

  it('is not named where it can be read', () => {
    expect(settingsWarnings(parseSettings({ 'zen-lead.io/sticky': 'false' }))).toEqual([]);
  });
});

describe('a leader that fails its health check', () => {
  const read = (check: string) => parseSettings({ 'zen-lead.io/health-check': check }).settings;
  const settings = read('tcp://:5432');
  const health = { verdict: 'failing', since: 0, detail: 'refused' } as const;
  const pod = aCandidate({ name: 'pg-0', health });
  const leads = 'Pod "pg-0" leads although it fails zen-lead.io/health-check "tcp://:5432"';

  it.each(['AllUnhealthy', 'LastResort'] as const)('is warned of where no other one passes: %s', (reason) => {
    expect(healthWarnings(settings, { outcome: 'kept', reason, pod })).toEqual([
      {
        reason: 'HealthCheckFailing',
        value: 'tcp://:5432',
        message: `${leads} (refused): no pod that passes it can take over.`,
      },
    ]);
  });

  it('is warned of without a detail where there is none', () => {
    const { detail: _, ...rest } = health;
    const [warning] = healthWarnings(settings, {
      outcome: 'kept',
      reason: 'LastResort',
      pod: { ...pod, health: rest },
    });
    expect(warning?.message).toBe(`${leads}: no pod that passes it can take over.`);
  });

  it('is not warned of without a check, without a leader, or for another reason', () => {
    const choice = { outcome: 'kept', reason: 'LastResort', pod } as const;
    expect(healthWarnings(parseSettings({}).settings, choice)).toEqual([]);
    expect(healthWarnings(settings, { ...choice, pod: null })).toEqual([]);
    expect(healthWarnings(settings, { ...choice, reason: 'LeaderFit' })).toEqual([]);
  });
});

describe('what a user wrote on a pod', () => {
  it.each([
    ['no annotation', {}, 'priority'],
    ['exclude that excludes', { exclude: 'true' }, 'priority'],
    ['exclude that does not', { exclude: 'false' }, 'priority'],
    ['a priority', { priority: '7' }, 'priority'],
    ['a priority that cannot be read, where no strategy asks for it', { priority: 'high' }, 'oldest'],
    ['a weight', { weight: '1000' }, 'weighted'],
    ['a weight that cannot be read, where no strategy asks for it', { weight: '0' }, 'priority'],
  ] as const)('is not named: %s', (_, pod, strategy) => {
    expect(podWarnings([aCandidate({ name: 'pg-0', ...pod })], strategy)).toEqual([]);
  });

  it('is named with the pod where it cannot be read, each value by itself', () => {
    const pods = [aCandidate({ name: 'pg-0' }), aCandidate({ name: 'pg-1', exclude: 'yes', priority: 'high' })];
    expect(podWarnings(pods, 'priority')).toEqual([
      {
        reason: 'InvalidAnnotation',
        value: 'pg-1/zen-lead.io/exclude=yes',
        message: 'zen-lead.io/exclude on pod "pg-1" cannot be read: "yes". It accepts "true" or "false".',
      },
      {
        reason: 'InvalidAnnotation',
        value: 'pg-1/zen-lead.io/priority=high',
        message: 'zen-lead.io/priority on pod "pg-1" cannot be read: "high". It accepts a whole number.',
      },
    ]);
  });

  it('is named where a weight is not from 1 to 1000', () => {
    expect(podWarnings([aCandidate({ name: 'pg-0', weight: '1001' })], 'weighted')).toEqual([
      {
        reason: 'InvalidAnnotation',
        value: 'pg-0/zen-lead.io/weight=1001',
        message: 'zen-lead.io/weight on pod "pg-0" cannot be read: "1001". It accepts a whole number from 1 to 1000.',
      },
    ]);
  });
});

describe('a slice of another owner under the name of the leader Service', () => {
  const slices = [
    aSlice({ name: 'ours', serviceName: 'db-leader', managedBy: 'zen-lead.io' }),
    aSlice({ name: 'elsewhere', serviceName: 'db' }),
    aSlice({ name: 'theirs', serviceName: 'db-leader', managedBy: 'someone' }),
    aSlice({ name: 'by-hand', serviceName: 'db-leader', managedBy: null }),
  ];

  it('is named with who manages it, and no other slice is', () => {
    const warnings = foreignSliceWarnings(aSnapshot({ slices }), 'db-leader', (name) => name === 'ours');
    expect(warnings).toEqual([
      {
        reason: 'ForeignEndpointSlice',
        value: 'theirs',
        message: 'EndpointSlice "theirs" (managed by someone) adds endpoints to Service "db-leader".',
      },
      {
        reason: 'ForeignEndpointSlice',
        value: 'by-hand',
        message: 'EndpointSlice "by-hand" (managed by no controller) adds endpoints to Service "db-leader".',
      },
    ]);
  });
});

describe('the warnings of a decision', () => {
  const aWarning = (reason: Warning['reason'], value: string): Warning => ({ reason, value, message: value });
  const [a, b, c, d] = [
    aWarning('InvalidAnnotation', 'b'),
    aWarning('NameConflict', 'a'),
    aWarning('NameConflict', 'b'),
    aWarning('NoReadyPods', ''),
  ] as const;

  it('stand in the order of reason, then value, in whichever order they came', () => {
    for (const given of [
      [a, b, c, d],
      [d, c, b, a],
      [c, a, d, b],
    ])
      expect(sortWarnings(given)).toEqual([a, b, c, d]);
  });

  it('stand there once each', () => {
    expect(sortWarnings([c, a, { ...c }, a])).toEqual([a, c]);
  });
});
