/** startFunctions: serves the functions of leaders over HTTP. */

import { createIdentify } from './authenticate.ts';
import { createFunctionReconciler, type FunctionDeps } from './functionDeps.ts';
import type { KeySource } from './keySource.ts';
import { createLeaderHandler } from './leaderHandler.ts';
import type { Reconciler } from './reconcile/reconciler.ts';
import { type Functions, type ServeOptions, serveFunctions } from './serveFunctions.ts';
import { toReporter } from './verdicts/reporter.ts';
import { createVerdictIntake, type VerdictIntake } from './verdicts/verdictIntake.ts';

export interface FunctionsOptions extends FunctionDeps, ServeOptions {}

export async function startFunctions(options: FunctionsOptions): Promise<Functions> {
  return serveFunctions(options, {
    effectOfSilence: 'no leader is moved',
    createHandler({ api, keySource }) {
      const reconciler = createFunctionReconciler({ ...options, api });
      return createLeaderHandler({ reconciler, verdicts: toVerdictIntake(options, reconciler, keySource) });
    },
  });
}

function toVerdictIntake(
  {
    api,
    audience,
    acceptVerdicts,
    metrics,
    log,
    now = Date.now,
    monotonicNow = () => performance.now(),
  }: FunctionsOptions,
  reconciler: Reconciler,
  keySource: KeySource | null,
): VerdictIntake | undefined {
  if (acceptVerdicts !== true || keySource === null) return undefined;
  const verify = createIdentify({ audience, keySource, now });
  const identify = async (authorization: string | undefined) => toReporter(await verify(authorization));
  return createVerdictIntake({ api, reconciler, metrics, log, identify, now, monotonicNow });
}
