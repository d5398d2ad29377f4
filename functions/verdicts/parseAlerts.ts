/**
 * Parses what Alertmanager posts to a webhook into reports, one for each alert. An alert that fires
 * is unfit, one that is resolved takes that back.
 *
 * Guarantees: at most as many alerts are read as one reporter may report in a minute. An alert that
 * is one too many, or whose labels name no pod of a Service, comes back with what is wrong, and
 * does not hide the others.
 * Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config (version 4)
 */

import { z } from 'zod';
import { inputError } from '../../lib/errors.ts';
import { firstIssue } from '../../lib/events/firstIssue.ts';
import { parseStrictJson } from '../../lib/events/strictJson.ts';
import { isRfc1123Label, type ServiceRef } from '../../lib/events/subject.ts';
import { MAX_REPORT_REASON_LENGTH, verdictSeconds } from '../../lib/selection/outsideVerdict.ts';
import type { PodReport } from '../../lib/selection/planVerdict.ts';
import { REPORTS_A_MINUTE } from './reportBudget.ts';

export type ParsedAlert =
  | { readonly kind: 'report'; readonly service: ServiceRef; readonly report: PodReport }
  | { readonly kind: 'incomplete'; readonly path: string; readonly problem: string };

const MAX_POD_NAME_LENGTH = 253;

const payload = z.object({
  alerts: z.array(
    z.object({
      status: z.enum(['firing', 'resolved']),
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()).default({}),
    }),
  ),
});

/** In the order of the payload. Throws INPUT_INVALID for what is no payload of Alertmanager. */
export function parseAlerts(body: Uint8Array): readonly ParsedAlert[] {
  const parsed = payload.safeParse(parseStrictJson(body, 'body'));
  if (!parsed.success) {
    const { path, problem } = firstIssue('body', parsed.error);
    throw inputError(path, problem, parsed.error);
  }
  return parsed.data.alerts.map(toReport);
}

function toReport({ status, labels, annotations }: z.infer<typeof payload>['alerts'][number], at: number): ParsedAlert {
  if (at >= REPORTS_A_MINUTE) {
    const problem = `is more than ${REPORTS_A_MINUTE} alerts; group by service, or set max_alerts`;
    return { kind: 'incomplete', path: `body.alerts.${at}`, problem };
  }
  const { namespace = '', service = '', pod = '' } = labels;
  const incomplete = (name: string): ParsedAlert => ({
    kind: 'incomplete',
    path: `body.alerts.${at}.labels.${name}`,
    problem: name === 'pod' ? 'must name a pod' : `must name the ${name} of the pod`,
  });
  if (!isRfc1123Label(namespace)) return incomplete('namespace');
  if (!isRfc1123Label(service)) return incomplete('service');
  if (pod === '' || pod.length > MAX_POD_NAME_LENGTH) return incomplete('pod');
  const why = annotations['summary'] ?? labels['alertname'] ?? '';
  const reason = why.slice(0, MAX_REPORT_REASON_LENGTH);
  const report = { pod, fit: status === 'resolved', forSeconds: verdictSeconds.fallback, reason };
  return { kind: 'report', service: { namespace, name: service }, report };
}
