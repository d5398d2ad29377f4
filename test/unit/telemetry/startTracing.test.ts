import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../../lib/config/parseCommandLine.ts';
import { toOptions } from '../../../lib/telemetry/startTracing.ts';
import { parseTraceparent } from '../../../lib/telemetry/tracing.ts';

function optionsOf(environment: Readonly<Record<string, string>>) {
  const line = parseCommandLine(['run'], environment);
  if (line.kind !== 'command' || line.name !== 'run') throw new Error('not the command run');
  return toOptions(line.values, 'zen-lead');
}

describe('the settings of traces', () => {
  it.each([
    {},
    { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' },
    { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' },
    { OTEL_TRACES_SAMPLER: 'always_on' },
  ])('leave them off with %o', (environment) => {
    expect(optionsOf(environment)).toBeNull();
  });

  it.each([
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, 'http://localhost:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/base' }, 'http://c:4318/base/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/' }, 'http://c:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/own' }, 'http://c:4318/own'],
  ])('%o sends them to %s', (environment, url) => {
    expect(optionsOf(environment)).toMatchObject({ url });
  });

  it.each([
    [{}, { sampler: 'always_on', isParentBased: true }],
    [
      { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '.25' },
      { sampler: 'traceidratio', isParentBased: false, ratio: 0.25 },
    ],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, { sampler: 'always_off', isParentBased: true }],
  ])('%o samples as %o', (environment, expected) => {
    expect(optionsOf({ OTEL_TRACES_EXPORTER: 'otlp', ...environment })).toMatchObject(expected);
  });

  it.each(['1.5', '-1', 'half', '1e-1'])('refuse %s as a share', (OTEL_TRACES_SAMPLER_ARG) => {
    expect(() => optionsOf({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER_ARG })).toThrow(
      'OTEL_TRACES_SAMPLER_ARG',
    );
  });

  it('name the resource: the service name wins over the attributes', () => {
    const environment = { OTEL_SERVICE_NAME: 'mine', OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,team=a%20b' };
    expect(optionsOf({ OTEL_TRACES_EXPORTER: 'otlp', ...environment })?.resource).toMatchObject({
      'service.name': 'mine',
      team: 'a b',
    });
  });
});

describe('parseTraceparent', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  it.each([
    [`00-${traceId}-b7ad6b7169203331-01`, { traceId, spanId: 'b7ad6b7169203331', isSampled: true }],
    [`00-${traceId}-b7ad6b7169203331-00`, { traceId, spanId: 'b7ad6b7169203331', isSampled: false }],
    [`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, null],
    [`00-${traceId}-${'0'.repeat(16)}-01`, null],
    ['nonsense', null],
    [undefined, null],
  ])('reads %s as %o', (text, ids) => {
    expect(parseTraceparent(text)).toEqual(ids);
  });
});
