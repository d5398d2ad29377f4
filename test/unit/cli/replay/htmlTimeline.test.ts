import { describe, expect, it } from 'vitest';
import { decideAgain } from '../../../../cli/replay/decideAgain.ts';
import { createHtmlTimeline } from '../../../../cli/replay/htmlTimeline.ts';
import { parseLine } from '../../../../lib/recording/parseLine.ts';
import { toLine } from '../../../../lib/recording/recordedLine.ts';
import { aDelivery, T0 } from '../../../support/objects/aDelivery.ts';
import { aCandidate, aSnapshot } from '../../../support/objects/anEvent.ts';

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

  it('can be made of nothing', () => {
    expect(createHtmlTimeline().render()).toContain('<title>zen-lead timeline</title>');
  });
});
