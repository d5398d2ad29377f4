/**
 * Names this build, for `--version`, the `zen_lead_build_info` metric and the User-Agent.
 * deploy/bundle.ts fills in commit and date.
 */

import packageJson from '../../package.json' with { type: 'json' };
import type { Metrics } from './metrics.ts';

/** Replaced by esbuild's `define`; absent in a checkout, where the source itself says it. */
declare const ZEN_LEAD_COMMIT: string | undefined;
declare const ZEN_LEAD_BUILD_DATE: string | undefined;

export const build = {
  version: packageJson.version,
  commit: typeof ZEN_LEAD_COMMIT === 'undefined' ? 'checkout' : ZEN_LEAD_COMMIT,
  buildDate: typeof ZEN_LEAD_BUILD_DATE === 'undefined' ? 'checkout' : ZEN_LEAD_BUILD_DATE,
} as const;

export function recordBuild(metrics: Pick<Metrics, 'buildInfo'>): void {
  metrics.buildInfo.set({ version: build.version, commit: build.commit, build_date: build.buildDate }, 1);
}
