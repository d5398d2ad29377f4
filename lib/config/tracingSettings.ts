/**
 * Traces: OpenTelemetry's own variables, for the commands that run for long. Off by default; read by lib/telemetry/startTracing.ts.
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
    meaning: 'otlp: send traces. Without it they are sent where an endpoint is given, and not otherwise.',
  },
  otelEndpoint: {
    kind: 'url',
    env: ['OTEL_EXPORTER_OTLP_ENDPOINT'],
    placeholder: 'URL',
    meaning: 'Collector for OTLP over HTTP (JSON); /v1/traces is added. http://localhost:4318 with the exporter alone.',
  },
  otelTracesEndpoint: {
    kind: 'url',
    env: ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
    placeholder: 'URL',
    meaning: 'The same, for traces alone and taken as it is.',
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
    why: 'The default of the specification.',
  },
  otelTracesSamplerArg: {
    kind: 'text',
    env: ['OTEL_TRACES_SAMPLER_ARG'],
    placeholder: 'RATIO',
    meaning: 'Share of traces to keep with traceidratio, 0 to 1. Without it: all.',
  },
  otelServiceName: {
    kind: 'text',
    env: ['OTEL_SERVICE_NAME'],
    placeholder: 'NAME',
    meaning: 'Name in the traces. Without it: zen-lead, zen-lead-bridge or zen-lead-functions.',
  },
  otelResourceAttributes: {
    kind: 'text',
    env: ['OTEL_RESOURCE_ATTRIBUTES'],
    placeholder: 'PAIRS',
    meaning: 'Put on every trace: key1=value1,key2=value2, percent-encoded.',
  },
  otelSdkDisabled: {
    kind: 'choice',
    env: ['OTEL_SDK_DISABLED'],
    choices: ['true', 'false'],
    placeholder: 'BOOL',
    default: 'false',
    meaning: 'true: no traces, whatever else is set.',
    why: 'The default of the specification.',
  },
} as const satisfies Settings;
