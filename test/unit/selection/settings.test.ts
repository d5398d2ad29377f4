import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../../lib/selection/settings.ts';

const read = (values: Record<string, string>) =>
  parseSettings(Object.fromEntries(Object.entries(values).map(([key, value]) => [`zen-lead.io/${key}`, value])));

describe('parseSettings', () => {
  it('gives the documented defaults when nothing is written', () => {
    expect(read({})).toEqual({
      settings: {
        enabled: false,
        leaderServiceName: null,
        sticky: true,
        strategy: 'oldest',
        minReadyMs: 0,
        failoverMinDelayMs: 0,
        noLeader: 'clear',
        portsMode: 'strict',
        pinLeader: null,
        paused: false,
        followers: false,
        leaderServiceType: 'ClusterIP',
        healthCheck: false,
      },
      unreadable: [],
    });
  });

  it.each([
    ['enabled', 'true', 'enabled', true],
    ['leader-service-name', 'db-primary', 'leaderServiceName', 'db-primary'],
    ['sticky', 'false', 'sticky', false],
    ['strategy', 'zone-aware', 'strategy', 'zone-aware'],
    ['min-ready-duration', '1m30s', 'minReadyMs', 90_000],
    ['failover-min-delay', '500ms', 'failoverMinDelayMs', 500],
    ['no-leader', 'hold', 'noLeader', 'hold'],
    ['ports-mode', 'lenient', 'portsMode', 'lenient'],
    ['pin-leader', 'postgres-1.x', 'pinLeader', 'postgres-1.x'],
    ['paused', 'true', 'paused', true],
    ['followers', 'true', 'followers', true],
    ['followers', 'readers', 'followers', 'readers'],
    ['leader-service-type', 'LoadBalancer', 'leaderServiceType', 'LoadBalancer'],
    ['health-check', 'http://:80/healthz', 'healthCheck', true],
    ['health-check', 'tcp://:5432', 'healthCheck', true],
    ['health-check', 'grpc://:50051/pkg.Service', 'healthCheck', true],
  ] as const)('reads %s=%s', (key, value, field, expected) => {
    const { settings, unreadable } = read({ [key]: value });
    expect(unreadable).toEqual([]);
    expect(settings[field]).toBe(expected);
  });

  it.each([
    ['enabled', 'True'],
    ['enabled', ''],
    ['enabled', 'yes'],
    ['leader-service-name', 'Db_Primary'],
    ['leader-service-name', '1db'],
    ['leader-service-name', 'a'.repeat(64)],
    ['sticky', '1'],
    ['strategy', 'Oldest'],
    ['min-ready-duration', '30'],
    ['failover-min-delay', '-1s'],
    ['no-leader', 'drop'],
    ['ports-mode', ''],
    ['pin-leader', 'Pod 1'],
    ['paused', 'on'],
    ['followers', 'Re_aders'],
    ['leader-service-type', 'clusterip'],
    ['health-check', 'http://host:80/x'],
    ['health-check', 'tcp://:5432/path'],
    ['health-check', 'tcp://:0'],
    ['health-check-interval', '5'],
    ['health-check-timeout', 'soon'],
    ['health-check-failure-threshold', '0'],
  ])('names %s=%j as unreadable and says what it accepts', (key, value) => {
    const { unreadable } = read({ [key]: value });
    expect(unreadable).toEqual([{ annotation: `zen-lead.io/${key}`, value, expected: expect.stringMatching(/\w/) }]);
  });

  it('takes a paused that cannot be read for a pause', () => {
    expect(read({ paused: 'ture' }).settings.paused).toBe(true);
  });
});
