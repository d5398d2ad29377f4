/**
 * planVerdict: turns the report of a caller from outside into the write that records it.
 *
 * Guarantees: pure. The write names the slice that it was planned on (S3), so of two callers at one
 * time neither loses its word. What cannot have an effect is refused, and says why.
 */

import { viewsOf } from './elections/electionsOf.ts';
import { annotation } from './names.ts';
import { formatVerdicts, withVerdict } from './outsideVerdict.ts';
import { readSituation } from './situation.ts';
import type { SliceView, Snapshot } from './snapshot.ts';
import type { Write } from './write.ts';

/** What a caller says of one pod of a Service. */
export interface PodReport {
  readonly pod: string;
  /** Absent: whichever pod has the name now. */
  readonly uid?: string;
  readonly fit: boolean;
  readonly forSeconds: number;
  readonly reason: string;
}

export type VerdictPlan =
  /** `slice`: as it is once that is written. */
  | { readonly kind: 'write'; readonly write: Write; readonly slice: SliceView }
  /** It says what stands there already, or takes back what was never said. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused'; readonly path: 'subject' | 'data.pod' | 'data.uid'; readonly problem: string }
  /** No slice holds a record yet, and a later attempt finds one. */
  | { readonly kind: 'tooEarly' };

/** `now`: epoch milliseconds. */
export function planVerdict(whole: Snapshot, report: PodReport, by: string, now: number): VerdictPlan {
  // It counts for each election, with whichever it stands.
  const [snapshot] = viewsOf(whole);
  const situation = readSituation(snapshot, now);
  if (situation === null) return refused('subject', 'there is no such Service');
  const { record, choice, isEnabled } = situation;
  if (!isEnabled) return refused('subject', `the Service is not annotated with ${annotation.enabled}: "true"`);
  if (choice.settings.roleCheck !== null)
    return refused('subject', `the pods themselves say which one leads (${annotation.roleCheck})`);
  const { slice } = record;
  const pod = snapshot.candidates.find(({ name, selected }) => selected && name === report.pod);
  if (pod === undefined) {
    // An alert is over when its pod has gone, and the verdict on that pod with it.
    return report.fit ? { kind: 'nothing' } : refused('data.pod', 'the Service selects no pod of that name');
  }
  if (report.uid !== undefined && report.uid !== pod.uid)
    return report.fit ? { kind: 'nothing' } : refused('data.uid', 'the pod of that name is another one');
  if (slice === null) return report.fit ? { kind: 'nothing' } : { kind: 'tooEarly' };
  const { fit, forSeconds, reason } = report;
  const verdict = { pod: pod.uid, fit, until: Math.floor(now) + forSeconds * 1_000, by, reason };
  const next = withVerdict(record.verdicts, verdict, now);
  if (next === record.verdicts) return { kind: 'nothing' };
  const { namespace, name, uid, resourceVersion } = slice;
  const annotations = { [annotation.verdicts]: formatVerdicts(next) };
  const patch = { metadata: { uid, resourceVersion, annotations } };
  const target = { stage: 'route', kind: 'patch', resource: 'endpointslices', namespace, name } as const;
  return {
    kind: 'write',
    write: { ...target, uid, resourceVersion, patch },
    slice: { ...slice, annotations: { ...slice.annotations, ...annotations } },
  };
}

function refused(path: 'subject' | 'data.pod' | 'data.uid', problem: string): VerdictPlan {
  return { kind: 'refused', path, problem };
}
