/**
 * Runs `zen-lead report`, which records what its user says of a pod, and waits for the effect.
 *
 * It writes to the cluster, with the rights of its user. Where users shall have no right to patch
 * EndpointSlices, they send the report to a function (docs/how-to/verdicts.md).
 *
 * Guarantees: the write names the slice that was read (S3). A report that cannot have an effect is
 * refused with the reason, and nothing is written.
 */

import type { Values } from '../../lib/config/parseCommandLine.ts';
import { configError } from '../../lib/config/parseValue.ts';
import { ZenLeadError } from '../../lib/errors.ts';
import { formatRfc3339 } from '../../lib/events/rfc3339.ts';
import { takeFields, takeOptionalFields, takeOptionalString } from '../../lib/kube/fields.ts';
import { type KubeApi, selfSubjectReviews } from '../../lib/kube/kubeApi.ts';
import { applyWrite } from '../../lib/kube/write.ts';
import { MAX_REPORT_REASON_LENGTH, MAX_REPORTER_LENGTH, verdictSeconds } from '../../lib/selection/outsideVerdict.ts';
import { parseDuration } from '../../lib/selection/parseDuration.ts';
import { planVerdict } from '../../lib/selection/planVerdict.ts';
import { imagineSlice } from '../edit/currentState.ts';
import { editError } from '../edit/editError.ts';
import { describe, say, withService } from '../edit/editService.ts';
import { untilRouted } from '../edit/untilRouted.ts';

/** Where the API server cannot say who asks, as an embedded one. */
const NAMELESS = 'zen-lead report';

export async function report(values: Values<'report'>): Promise<void> {
  const { pod, unfit, fit, reason = '', dryRun } = values;
  if (unfit === fit) throw configError('report: give one of --unfit and --fit');
  const forSeconds = readSeconds(values.for);
  if (reason.length > MAX_REPORT_REASON_LENGTH)
    throw configError(`--reason: has ${reason.length} characters; ${MAX_REPORT_REASON_LENGTH} are accepted`);
  await withService(values, async ({ api, service, state, timeoutMs, signal }) => {
    const by = await readUser(api, signal);
    const plan = planVerdict(state.snapshot, { pod, fit, forSeconds, reason }, by, Date.now());
    if (plan.kind === 'refused') throw editError(service, plan.problem);
    if (plan.kind === 'tooEarly')
      throw editError(service, 'has no record yet: is zen-lead running for this namespace?');
    if (plan.kind === 'nothing') {
      say(`${by} has said nothing of ${pod} that could be taken back`);
      return;
    }
    const until = formatRfc3339(Date.now() + forSeconds * 1_000);
    say(fit ? `${by} takes back what it said of ${pod}` : `${by} reports ${pod} unfit until ${until}`);
    if (dryRun) {
      say(`would be: ${describe(imagineSlice(state, plan.slice), state)}`);
      say('dry run: nothing was written');
      return;
    }
    await applyWrite(api, plan.write, signal);
    say(describe(await untilRouted(api, service, timeoutMs, signal), state));
  });
}

function readSeconds(text: string): number {
  const seconds = (parseDuration(text) ?? 0) / 1_000;
  if (seconds < verdictSeconds.least || seconds > verdictSeconds.most)
    throw configError(`--for: ${JSON.stringify(text)} is not a duration from 1s to 1h, such as "5m"`);
  return Math.ceil(seconds);
}

async function readUser(api: KubeApi, signal: AbortSignal): Promise<string> {
  try {
    const kind = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const review = takeFields(await api.create(selfSubjectReviews, undefined, kind, signal), 'review');
    const status = takeOptionalFields(review, 'status', 'review') ?? {};
    const name = takeOptionalString(
      takeOptionalFields(status, 'userInfo', 'status') ?? {},
      'username',
      'status.userInfo',
    );
    return name?.slice(0, MAX_REPORTER_LENGTH) ?? NAMELESS;
  } catch (error) {
    if (error instanceof ZenLeadError && nameless.has(error.code)) return NAMELESS;
    throw error;
  }
}

const nameless: ReadonlySet<string> = new Set(['KUBE_NOT_FOUND', 'KUBE_FORBIDDEN', 'KUBE_INVALID']);
