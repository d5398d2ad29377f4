import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../../cli/demo/leaderClient.ts';
import { MAX_CELLS, renderTimeline } from '../../../../cli/demo/renderTimeline.ts';

const names = ['postgres-0', 'postgres-1'];

/** One answer every 50 ms: `0011x` is two by the first pod, two by the second, one by no pod. */
function answersFrom(picture: string): readonly Answer[] {
  return [...picture].map((sign, index) => ({
    askedAt: index * 50,
    answeredAt: index * 50 + 1,
    from: sign === 'x' ? null : (names[Number(sign)] ?? null),
  }));
}

describe('the timeline', () => {
  it('draws a row for each pod and one for no answer, and points at what happened', () => {
    const lines = renderTimeline({
      names,
      answers: answersFrom('000xx111'),
      marks: [{ at: 140, text: 'killed' }],
      cellMs: 50,
    });
    expect(lines).toEqual([
      '   postgres-0  ###',
      '   postgres-1       ###',
      '   no pod         xx',
      '                  ^ killed',
      '               one column is 50 ms',
    ]);
  });

  it('the timeline stays within 80 columns and shows the last answers when there are too many', () => {
    const answers = answersFrom('0'.repeat(MAX_CELLS) + '1'.repeat(5));
    const last = MAX_CELLS * 50;
    const lines = renderTimeline({
      names,
      answers,
      marks: [{ at: last, text: 'a long word at the edge' }],
      cellMs: 50,
    });
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines[1]).toMatch(/#{5}$/);
    expect(lines[3]).toMatch(/a long word at the edge \^$/);
  });

  it('leaves out what happened before the first answer shown', () => {
    const lines = renderTimeline({
      names,
      answers: answersFrom('00').slice(1),
      marks: [{ at: 0, text: 'x' }],
      cellMs: 50,
    });
    expect(lines.join('\n')).not.toContain('^');
  });
});
