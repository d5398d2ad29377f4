/**
 * Says in text what a reconcile saw and decided, so that a screen reader and a phone have it, too.
 */

import { NOTHING, type TimelineData } from '../timelineData.ts';
import { decisionOf, podName, type Row, read, type Timeline } from './lanes.ts';
import type { Pointed } from './scene.ts';

interface Description {
  readonly title: string;
  readonly lines: readonly string[];
}

export function describeReconcile(data: TimelineData, { lane, row }: Pointed): Description {
  const { tables } = data;
  const note = tables.notes[read(data, 'note', row)];
  const place = `${tables.files[read(data, 'file', row)]}:${read(data, 'line', row)}`;
  return {
    title: `${lane.name}  ${isoOf(data, read(data, 'at', row))}`,
    lines: [
      ...describeDecision(data, row),
      `seen: ${tables.seen[read(data, 'seen', row)]}   (${place})`,
      ...(note === undefined ? [] : [note]),
    ],
  };
}

/** The whole recording in one sentence. */
export function describeTimeline({ data, lanes, lastAt }: Timeline): string {
  const reconciles = data.columns.at.length;
  if (reconciles === 0) return 'No reconcile of any Service.';
  const changes = lanes.reduce((sum, { spans }) => sum + Math.max(0, spans.length - 1), 0);
  return [
    `${reconciles.toLocaleString('en')} reconciles of ${lanes.length} ${lanes.length === 1 ? 'Service' : 'Services'}`,
    `${changes} ${changes === 1 ? 'change' : 'changes'} of leader`,
    `${isoOf(data, 0)} to ${isoOf(data, lastAt)}`,
  ].join(', ');
}

function describeDecision(data: TimelineData, row: Row): readonly string[] {
  const decision = decisionOf(data, row);
  if (decision === undefined) return ['It is not known what was decided.'];
  const [leader, previous, reason] = [
    read(data, 'leader', row),
    read(data, 'previous', row),
    read(data, 'reason', row),
  ];
  const isMoved = previous !== leader;
  const now = isMoved
    ? `${podName(data, previous)} → ${podName(data, leader)}`
    : `${podName(data, leader)}${leader === NOTHING ? '' : ' leads'}`;
  return [
    `${now}: ${data.reasonTexts[reason]}`,
    `${decision} ${data.tables.reasons[reason]}, epoch ${read(data, 'epoch', row)}`,
  ];
}

function isoOf({ startAt }: TimelineData, at: number): string {
  return new Date(startAt + at).toISOString();
}
