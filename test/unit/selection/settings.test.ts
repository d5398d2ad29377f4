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
        candidateCondition: 'Ready',
        preferredNodes: [],
        preferredZones: [],
        minReadyMs: 0,
        failoverMinDelayMs: 0,
        noLeader: 'clear',
        onDemote: 'none',
        onCordon: 'stay',
        scaleDown: null,
        scaleDownAfterMs: 600_000,
        handover: 'gap',
        handoverOverlapMs: 1_000,
        portsMode: 'strict',
        pinLeader: null,
        paused: false,
        followers: false,
        leaderServiceType: 'ClusterIP',
        healthCheck: null,
        roleCheck: null,
      },
      unreadable: [],
    });
  });

  it.each([
    ['enabled', 'true', 'enabled', true],
    ['leader-service-name', 'db-primary', 'leaderServiceName', 'db-primary'],
    ['sticky', 'false', 'sticky', false],
    ...['oldest', 'newest', 'random', 'node-aware', 'zone-aware', 'priority', 'weighted'].map(
      (value) => ['strategy', value, 'strategy', value] as const,
    ),
    ['candidate-condition', 'ContainersReady', 'candidateCondition', 'ContainersReady'],
    ['min-ready-duration', '1m30s', 'minReadyMs', 90_000],
    ['failover-min-delay', '500ms', 'failoverMinDelayMs', 500],
    ['no-leader', 'hold', 'noLeader', 'hold'],
    ['ports-mode', 'lenient', 'portsMode', 'lenient'],
    ['pin-leader', 'postgres-1.x', 'pinLeader', 'postgres-1.x'],
    ['paused', 'true', 'paused', true],
    ['followers', 'true', 'followers', true],
    ['scale-down', '0', 'scaleDown', 0],
    ['scale-down', '1000', 'scaleDown', 1_000],
    ['scale-down-after', '30s', 'scaleDownAfterMs', 30_000],
    ['followers', 'readers', 'followers', 'readers'],
    ...['ClusterIP', 'NodePort', 'LoadBalancer'].map(
      (value) => ['leader-service-type', value, 'leaderServiceType', value] as const,
    ),
    ['pin-leader', 'a'.repeat(253), 'pinLeader', 'a'.repeat(253)],
  ] as const)('reads %s=%s', (key, value, field, expected) => {
    const { settings, unreadable } = read({ [key]: value });
    expect(unreadable).toEqual([]);
    expect(settings[field]).toBe(expected);
  });

  it.each([
    ['preferred-nodes', 'node-1', 'preferredNodes', ['node-1']],
    ['preferred-nodes', ' b.example , A_1,b.example', 'preferredNodes', ['b.example', 'A_1']],
    ['preferred-zones', 'eu-west-1b,eu-west-1a', 'preferredZones', ['eu-west-1b', 'eu-west-1a']],
  ] as const)('reads %s=%s in order, without duplicates', (key, value, field, expected) => {
    const { settings, unreadable } = read({ [key]: value });
    expect(unreadable).toEqual([]);
    expect(settings[field]).toEqual(expected);
  });

  it.each([
    ['candidate-condition', 'containersReady'],
    ['preferred-nodes', ''],
    ['preferred-nodes', 'a,,b'],
    ['preferred-nodes', '-a'],
    ['preferred-zones', 'a b'],
    ['preferred-zones', Array.from({ length: 17 }, (_, n) => `z${n}`).join()],
    ['preferred-zones', 'z-'],
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
    ['pin-leader', 'pod-'],
    ['pin-leader', '-pod'],
    ['paused', 'on'],
    ['followers', 'Re_aders'],
    ['leader-service-type', 'clusterip'],
    ['health-check', 'http://host:80/x'],
    ['health-check', 'tcp://:5432/path'],
    ['health-check', 'tcp://:0'],
    ['health-check', 'http://:80/a b'],
    ['health-check', 'http://:80/\r\nhost:x'],
    ['health-check', 'http://:80/ä'],
    ['health-check', 'https://:80/'],
    ['health-check-interval', '5'],
    ['health-check-interval', '49ms'],
    ['health-check-interval', '1h1ns'],
    ['health-check-timeout', 'soon'],
    ['health-check-timeout', '9ms'],
    ['health-check-timeout', '61s'],
    ['health-check-failure-threshold', '0'],
    ['health-check-failure-threshold', '101'],
    ['health-check-success-threshold', '1.5'],
    ['health-check-success-threshold', '101'],
  ])('names %s=%j as unreadable and says what it accepts', (key, value) => {
    const { unreadable } = read({ [key]: value });
    expect(unreadable).toEqual([{ annotation: `zen-lead.io/${key}`, value, expected: expect.stringMatching(/\w/) }]);
  });

  it('names a pin of 254 characters, longer than the name of a pod', () => {
    expect(read({ 'pin-leader': 'a'.repeat(254) }).unreadable).toMatchObject([{ expected: 'the name of a pod' }]);
  });

  it('reads no value of more than 1,024 characters, and says how many it accepts', () => {
    const { settings, unreadable } = read({ 'health-check': `http://:80/${'a'.repeat(1_024)}` });
    expect(settings.healthCheck).toBeNull();
    expect(unreadable).toMatchObject([{ expected: expect.stringMatching(/^at most 1024 characters: http:/) }]);
  });

  it('takes a paused that cannot be read for a pause', () => {
    expect(read({ paused: 'ture' }).settings.paused).toBe(true);
  });

  const defaults = { intervalMs: 1_000, timeoutMs: 1_000, failureThreshold: 3, successThreshold: 2 };
  it.each([
    ['http://:80/healthz', { scheme: 'http', port: 80, target: '/healthz' }],
    ['http://:80', { scheme: 'http', port: 80, target: '/' }],
    ['tcp://:5432', { scheme: 'tcp', port: 5432, target: '' }],
    ['grpc://:50051/pkg.Service', { scheme: 'grpc', port: 50_051, target: 'pkg.Service' }],
    ['grpc://:50051', { scheme: 'grpc', port: 50_051, target: '' }],
  ])('reads the health check %s', (raw, check) => {
    const { settings, unreadable } = read({ 'health-check': raw });
    expect(unreadable).toEqual([]);
    expect(settings.healthCheck).toEqual({ ...check, raw, ...defaults });
  });

  it.each([
    ['50ms', '10ms', '1', '1', { intervalMs: 50, timeoutMs: 10, failureThreshold: 1, successThreshold: 1 }],
    [
      '1h',
      '60s',
      '100',
      '100',
      { intervalMs: 3_600_000, timeoutMs: 60_000, failureThreshold: 100, successThreshold: 100 },
    ],
  ])(
    'reads the settings of a check at their bounds: %s, %s, %s, %s',
    (interval, timeout, failures, passes, expected) => {
      const { settings, unreadable } = read({
        'health-check': 'tcp://:1',
        'health-check-interval': interval,
        'health-check-timeout': timeout,
        'health-check-failure-threshold': failures,
        'health-check-success-threshold': passes,
      });
      expect(unreadable).toEqual([]);
      expect(settings.healthCheck).toMatchObject(expected);
    },
  );

  it('takes the default of each setting of a check that cannot be read, and names them all', () => {
    const { settings, unreadable } = read({
      'health-check': 'tcp://:1',
      'health-check-interval': '1ms',
      'health-check-timeout': '2m',
      'health-check-failure-threshold': 'many',
      'health-check-success-threshold': '-1',
    });
    expect(settings.healthCheck).toMatchObject(defaults);
    expect(unreadable.map((each) => each.annotation)).toEqual([
      'zen-lead.io/health-check-interval',
      'zen-lead.io/health-check-timeout',
      'zen-lead.io/health-check-failure-threshold',
      'zen-lead.io/health-check-success-threshold',
    ]);
  });
});
