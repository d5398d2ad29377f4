/**
 * Turns the OTEL_* settings into Tracing.
 *
 * Guarantees: traces are off unless an endpoint or OTEL_TRACES_EXPORTER=otlp says otherwise, and
 * then nothing of OpenTelemetry is loaded. A value that cannot be read is CONFIG_INVALID, because a
 * sampler that is silently another one is found on the bill.
 * Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
 * ../protocol/exporter/
 */

import { ZenLeadError } from '../errors.ts';
import { build } from './build.ts';
import type { OpenTelemetryOptions } from './openTelemetry.ts';
import type { SamplerName } from './traceSampler.ts';
import { noTracing, type Tracing } from './tracing.ts';

interface TracingSettings {
  readonly otelSdkDisabled: string;
  readonly otelTracesExporter: string | undefined;
  readonly otelEndpoint: string | undefined;
  readonly otelTracesEndpoint: string | undefined;
  readonly otelTracesSampler: string;
  readonly otelTracesSamplerArg: string | undefined;
  readonly otelServiceName: string | undefined;
  readonly otelResourceAttributes: string | undefined;
}

/** Where the specification says a collector listens. */
const DEFAULT_ENDPOINT = 'http://localhost:4318';

export async function startTracing(settings: TracingSettings, name: string): Promise<Tracing> {
  const options = toOptions(settings, name);
  if (options === null) return noTracing;
  const { createOpenTelemetry } = await import('./openTelemetry.ts');
  return createOpenTelemetry(options);
}

/** Null when traces are off. */
export function toOptions(settings: TracingSettings, name: string): OpenTelemetryOptions | null {
  const { otelSdkDisabled, otelTracesExporter, otelEndpoint, otelTracesEndpoint } = settings;
  const isWanted = otelTracesExporter === 'otlp' || (otelEndpoint ?? otelTracesEndpoint) !== undefined;
  if (otelSdkDisabled === 'true' || otelTracesExporter === 'none' || !isWanted) return null;
  const isParentBased = settings.otelTracesSampler.startsWith('parentbased_');
  const sampler = settings.otelTracesSampler.replace('parentbased_', '') as SamplerName;
  return {
    url: otelTracesEndpoint ?? `${(otelEndpoint ?? DEFAULT_ENDPOINT).replace(/\/$/, '')}/v1/traces`,
    sampler,
    isParentBased,
    ratio: parseRatio(settings.otelTracesSamplerArg),
    resource: {
      'service.name': name,
      'service.version': build.version,
      ...parseAttributes(settings.otelResourceAttributes),
      ...(settings.otelServiceName !== undefined && { 'service.name': settings.otelServiceName }),
    },
  };
}

/** 1 where it is absent, as the specification has it. */
function parseRatio(text: string | undefined): number {
  if (text === undefined) return 1;
  const ratio = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw invalid(`$OTEL_TRACES_SAMPLER_ARG: "${text}" is not a number from 0 to 1`);
}

/** `key1=value1,key2=value2`, percent-encoded. */
function parseAttributes(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {};
  const pairs = text.split(',').map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) throw invalid(`$OTEL_RESOURCE_ATTRIBUTES: "${pair}" is not key=value`);
    return [decode(pair.slice(0, at).trim()), decode(pair.slice(at + 1).trim())] as const;
  });
  return Object.fromEntries(pairs);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw invalid(`$OTEL_RESOURCE_ATTRIBUTES: "${text}" is not percent-encoded`, cause);
  }
}

function invalid(message: string, cause?: unknown): ZenLeadError {
  return new ZenLeadError('CONFIG_INVALID', message, { retry: 'never', cause });
}
