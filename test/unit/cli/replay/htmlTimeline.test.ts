import { describe, expect, it } from 'vitest';
import { decideAgain } from '../../../../cli/replay/decideAgain.ts';
import { createHtmlTimeline } from '../../../../cli/replay/htmlTimeline.ts';
import { renderElections } from '../../../../cli/replay/renderReconcile.ts';
import { parseLine } from '../../../../lib/recording/parseLine.ts';
import { toLine } from '../../../../lib/recording/recordedLine.ts';
import { aDelivery, T0 } from '../../../support/objects/aDelivery.ts';
import { aCandidate, aSnapshot, aSource, uid } from '../../../support/objects/anEvent.ts';

/** test/integration/browser tests the page in a browser; this runs everywhere. */
describe('the page of replay --html', () => {
  it('holds each text once, and numbers for the rest', () => {
    const timeline = createHtmlTimeline();
    const nobody = aSnapshot({ candidates: [aCandidate({ ready: false })] });
    for (const [number, snapshot] of [aSnapshot(), nobody, aSnapshot()].entries()) {
      const line = parseLine(toLine(aDelivery({ snapshot, at: T0 + number * 1_000 })).trimEnd());
      if (line.kind === 'reconcile') timeline.add(decideAgain(line), `dir:r.jsonl:${number + 1}`);
    }
    const [, json = ''] = /<script type="application\/json" id="data">(.*)<\/script>/.exec(timeline.render()) ?? [];
    expect(JSON.parse(json)).toMatchObject({
      startAt: T0,
      tables: { services: ['shop/db'], pods: ['db-0'], files: ['dir:r.jsonl'] },
      columns: { at: [0, 1_000, 2_000], leader: [0, -1, 0], line: [1, 2, 3], differs: [0, 0, 0] },
    });
  });

  it('has a lane for each election of a Service, and for each slot of a pool', () => {
    const timeline = createHtmlTimeline();
    const annotations = {
      'zen-lead.io/enabled': 'true',
      'zen-lead.io/elections': 'writer, cron',
      'cron.zen-lead.io/active': '2',
    };
    const candidates = ['db-0', 'db-1'].map((name) => aCandidate({ name, uid: uid(name) }));
    const snapshot = aSnapshot({ source: aSource({ annotations }), candidates });
    const line = parseLine(toLine(aDelivery({ snapshot, at: T0 })).trimEnd());
    if (line.kind !== 'reconcile') throw new Error('no reconcile');
    const replayed = decideAgain(line);
    timeline.add(replayed, 'r.jsonl:1');
    const [, json = ''] = /<script type="application\/json" id="data">(.*)<\/script>/.exec(timeline.render()) ?? [];
    expect(JSON.parse(json)).toMatchObject({
      tables: { services: ['shop/db/writer', 'shop/db/cron', 'shop/db/cron/1'], pods: ['db-0', 'db-1'] },
      columns: { leader: [0, 1, 0], line: [1, 1, 1] },
    });
    const text = renderElections(replayed, (_, each) => each);
    expect(text.map((each) => each.trim())).toEqual([
      expect.stringMatching(/^db\/cron: elected FirstLeader, leader db-1, before none, epoch \d+$/),
      expect.stringMatching(/^db\/cron\/1: elected FirstLeader, leader db-0, before none, epoch \d+$/),
    ]);
  });

  it('can be made of nothing', () => {
    expect(createHtmlTimeline().render()).toContain('<title>zen-lead timeline</title>');
  });
});
