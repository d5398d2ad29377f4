/**
 * Chooses which traces are kept.
 *
 * Source: https://opentelemetry.io/docs/specs/otel/trace/sdk/#sampling
 */

import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';

export type SamplerName = 'always_on' | 'always_off' | 'traceidratio';

export interface SamplerOptions {
  readonly sampler: SamplerName;
  /** Of traces, for `traceidratio`: 0 to 1. */
  readonly ratio: number;
  /** The caller's decision about a trace counts; `sampler` is for traces that begin here. */
  readonly isParentBased: boolean;
}

export function toSampler({ sampler, ratio, isParentBased }: SamplerOptions): Sampler {
  const root = toRootSampler(sampler, ratio);
  return isParentBased ? new ParentBasedSampler({ root }) : root;
}

function toRootSampler(sampler: SamplerName, ratio: number): Sampler {
  switch (sampler) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio);
  }
}
