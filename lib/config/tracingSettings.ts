/**
 * The settings of traces: OpenTelemetry's own variables, for the commands that run for long. Traces
 * are off by default.
 *
 * Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */

import type { Settings } from './setting.ts';

export const tracingSettings = {
  otelTracesExporter: {
    kind: 'choice',
    env: ['OTEL_TRACES_EXPORTER'],
    choices: ['none', 'otlp'],
    placeholder: 'NAME',
    meaning: 'Whether zen-lead sends traces, with otlp, or never, with none.',
    absent: 'zen-lead sends them where an endpoint is given',
  },
  otelEndpoint: {
    kind: 'url',
    env: ['OTEL_EXPORTER_OTLP_ENDPOINT'],
    placeholder: 'URL',
    meaning: 'Collector for OTLP over HTTP in JSON; zen-lead adds /v1/traces.',
    absent: 'OTEL_TRACES_EXPORTER=otlp sends to http://localhost:4318',
  },
  otelTracesEndpoint: {
    kind: 'url',
    env: ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
    placeholder: 'URL',
    meaning: 'Collector for traces alone, taken as it is.',
    absent: 'OTEL_EXPORTER_OTLP_ENDPOINT counts',
  },
  otelTracesSampler: {
    kind: 'choice',
    env: ['OTEL_TRACES_SAMPLER'],
    choices: [
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ],
    placeholder: 'NAME',
    default: 'parentbased_always_on',
    meaning: 'Which traces are kept. The bridge begins them; functions with parentbased_* follow what it chose.',
    why: 'The specification has this default.',
  },
  otelTracesSamplerArg: {
    kind: 'text',
    env: ['OTEL_TRACES_SAMPLER_ARG'],
    placeholder: 'RATIO',
    meaning: 'Share of traces to keep with traceidratio, 0 (none) to 1 (all).',
    absent: 'all are kept',
  },
  otelServiceName: {
    kind: 'text',
    env: ['OTEL_SERVICE_NAME'],
    placeholder: 'NAME',
    meaning: 'Name in the traces.',
    absent: 'it is the name of the program, for a half with -bridge or -functions behind it',
  },
  otelResourceAttributes: {
    kind: 'text',
    env: ['OTEL_RESOURCE_ATTRIBUTES'],
    placeholder: 'PAIRS',
    meaning: 'Attributes of every trace: key1=value1,key2=value2, percent-encoded.',
    absent: 'traces carry the name and the version',
  },
  otelSdkDisabled: {
    kind: 'choice',
    env: ['OTEL_SDK_DISABLED'],
    choices: ['true', 'false'],
    placeholder: 'BOOL',
    default: 'false',
    meaning: 'With true, zen-lead sends no traces, whatever else is set.',
    why: 'The specification has this default.',
  },
} as const satisfies Settings;
