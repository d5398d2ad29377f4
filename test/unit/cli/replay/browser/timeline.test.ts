import { describe, expect, it } from 'vitest';
import { describeReconcile, describeTimeline } from '../../../../../cli/replay/browser/describeReconcile.ts';
import { findChange, findReconcile } from '../../../../../cli/replay/browser/findReconcile.ts';
import { type Timeline, toTimeline } from '../../../../../cli/replay/browser/lanes.ts';
import { AXIS, LANE, type Scene } from '../../../../../cli/replay/browser/scene.ts';
import { createViewport } from '../../../../../cli/replay/browser/viewport.ts';
import { NOTHING, type TimelineData } from '../../../../../cli/replay/timelineData.ts';
import { T0 } from '../../../../support/objects/aDelivery.ts';

interface RowOptions {
  readonly service?: string;
  readonly at: number;
  readonly leader?: string | null;
  readonly decision?: string | null;
  readonly note?: string;
}

const decisions = ['elected', 'kept', 'lost', 'refused'];

function aTimeline(rows: readonly RowOptions[]): Timeline {
  const services = [...new Set(rows.map(({ service = 'shop/db' }) => service))];
  const pods = [...new Set(rows.flatMap(({ leader }) => leader ?? []))];
  const notes = rows.flatMap(({ note }) => note ?? []);
  const zero = rows.map(() => 0);
  const data: TimelineData = {
    startAt: T0,
    tables: {
      services,
      pods,
      notes,
      decisions,
      seen: ['Pod db-0 modified'],
      files: ['r.jsonl'],
      reasons: ['FirstLeader'],
    },
    reasonTexts: ['no pod led before'],
    columns: {
      at: rows.map(({ at }) => at),
      service: rows.map(({ service = 'shop/db' }) => services.indexOf(service)),
      decision: rows.map(({ decision = 'kept' }) => (decision === null ? NOTHING : decisions.indexOf(decision))),
      leader: rows.map(({ leader }) => (leader === null || leader === undefined ? NOTHING : pods.indexOf(leader))),
      previous: rows.map(() => NOTHING),
      note: rows.map(({ note }) => (note === undefined ? NOTHING : notes.indexOf(note))),
      line: rows.map((_, row) => row + 1),
      reason: zero,
      epoch: zero,
      seen: zero,
      file: zero,
      differs: zero,
    },
  };
  return toTimeline(data);
}

function aScene(timeline: Timeline, width = 1_000): Scene {
  return {
    timeline,
    viewport: createViewport(
      timeline,
      () => width,
      () => {},
    ),
    lanes: timeline.lanes,
    pointed: null,
  };
}

describe('the lanes of a timeline', () => {
  it('the lanes of a timeline stand in the order of their names, each with one span for as long as a pod leads', () => {
    const { lanes } = aTimeline([
      { service: 'shop/web', at: 0, leader: 'web-0' },
      { at: 1_000, leader: 'db-0' },
      { at: 2_000, leader: 'db-0' },
      { at: 3_000, leader: null, decision: 'lost' },
      { at: 4_000, leader: 'db-1' },
    ]);
    expect(lanes.map(({ name }) => name)).toEqual(['shop/db', 'shop/web']);
    expect(lanes[0]?.spans.map(({ start, end }) => [start, end])).toEqual([
      [1_000, 3_000],
      [3_000, 4_000],
      [4_000, 4_080],
    ]);
    expect(lanes[0]?.colours.size).toBe(2);
  });

  it('the lanes of a timeline keep the span of a leader through a refusal and through what is not known', () => {
    const { lanes } = aTimeline([
      { at: 0, leader: 'db-0' },
      { at: 1_000, decision: 'refused' },
      { at: 2_000, decision: null },
      { at: 3_000, leader: 'db-0' },
    ]);
    expect(lanes[0]?.spans).toHaveLength(1);
  });

  it('order reconciles by time where the recording has them otherwise', () => {
    const { lanes } = aTimeline([{ at: 2_000 }, { at: 0 }, { at: 1_000 }]);
    expect(lanes[0]?.rows).toEqual([1, 2, 0]);
  });

  it('the lanes of a timeline give a recording of one instant a width', () => {
    expect(aTimeline([{ at: 0 }]).wholeMs).toBe(1_000);
  });
});

describe('the viewport', () => {
  const timeline = aTimeline([{ at: 0 }, { at: 10_000 }]);

  it('maps an instant to a pixel and back, right of the labels', () => {
    const { viewport } = aScene(timeline);
    expect(viewport.xOf(viewport.from)).toBe(200);
    expect(viewport.xOf(viewport.until)).toBe(1_000);
    expect(viewport.atOf(viewport.xOf(1_234))).toBeCloseTo(1_234);
    expect(aScene(timeline, 360).viewport.labelWidth()).toBe(0);
  });

  it('zooms around the instant that it is given, and not closer than 5 ms', () => {
    const { viewport } = aScene(timeline);
    const x = viewport.xOf(2_000);
    viewport.zoom(0.5, x);
    expect(viewport.xOf(2_000)).toBeCloseTo(x);
    expect(viewport.until - viewport.from).toBeCloseTo(5_200);
    viewport.zoom(0.000_001);
    expect(viewport.until - viewport.from).toBeCloseTo(5);
  });

  it('leaves the timeline at neither end', () => {
    const { viewport } = aScene(timeline);
    viewport.zoom(0.5);
    viewport.move(-10);
    expect(viewport.from).toBe(-200);
    viewport.move(10);
    expect(viewport.until).toBeCloseTo(10_200);
    viewport.zoom(100);
    expect([viewport.from, viewport.until]).toEqual([-200, 10_200]);
  });
});

describe('what the pointer is at', () => {
  const timeline = aTimeline([
    { at: 0, leader: 'db-0', decision: 'elected' },
    { at: 9_990, leader: 'db-0' },
    { at: 10_000, leader: null, decision: 'lost', note: 'Warning: gone' },
    { at: 10_010, leader: null, decision: 'lost' },
    { at: 20_000, leader: 'db-1', decision: 'elected' },
  ]);
  const scene = aScene(timeline);
  const rowAt = (at: number, y = AXIS + 1) => findReconcile(scene, scene.viewport.xOf(at), y, 0)?.row;

  it('the pointer is at the reconcile before it, whose leader stands there', () => {
    expect(rowAt(5_000)).toBe(0);
    expect(rowAt(15_000)).toBe(3);
  });

  it('the pointer is, of several on the same pixels, at the one that says most', () => {
    expect(rowAt(9_990)).toBe(2);
  });

  it('the pointer is at nothing on the axis and below the last lane', () => {
    expect(rowAt(5_000, AXIS - 1)).toBeUndefined();
    expect(rowAt(5_000, AXIS + LANE)).toBeUndefined();
  });

  it('what the pointer is at is described with its leader, its reason, and where it stands in the recording', () => {
    const [lane] = timeline.lanes;
    expect(lane && describeReconcile(timeline.data, { lane, row: 2 })).toEqual({
      title: 'shop/db  2026-11-20T10:00:10.000Z',
      lines: [
        'no pod: no pod led before',
        'lost FirstLeader, epoch 0',
        'seen: Pod db-0 modified   (r.jsonl:3)',
        'Warning: gone',
      ],
    });
  });

  it('the pointer goes to the nearest change of leader, to either side', () => {
    expect(findChange(timeline.lanes, 10_000, 1)?.span.start).toBe(20_000);
    expect(findChange(timeline.lanes, 10_000, -1)?.span.start).toBe(0);
    expect(findChange(timeline.lanes, 20_000, 1)).toBeNull();
  });
});

describe('the sentence over the timeline', () => {
  it('counts reconciles, Services and changes of leader', () => {
    const sentence = describeTimeline(
      aTimeline([
        { at: 0, leader: 'db-0' },
        { at: 1_000, leader: 'db-1' },
      ]),
    );
    expect(sentence).toBe(
      '2 reconciles of 1 Service, 1 change of leader, 2026-11-20T10:00:00.000Z to 2026-11-20T10:00:01.000Z',
    );
    expect(describeTimeline(aTimeline([]))).toBe('No reconcile of any Service.');
  });
});
