import { describe, expect, it } from 'vitest';
import { failed, isVoid, type ProbeResult, passed } from '../../../../bridge/probes/probe.ts';
import { judge, restartCounts, type Standing, unjudged } from '../../../../bridge/probes/standing.ts';

const thresholds = { failureThreshold: 3, successThreshold: 2 };

/** One letter a result: p passed, f failed, v void. The time is the number of the result. */
function results(letters: string, from: Standing = unjudged): Standing {
  const of: Readonly<Record<string, ProbeResult>> = { p: passed, f: failed('timeout'), v: isVoid };
  return [...letters].reduce(
    (standing, letter, index) => judge(standing, of[letter] ?? isVoid, thresholds, index + 1),
    from,
  );
}

describe('the standing of a target', () => {
  it.each([
    ['', null, 0],
    ['p', 'passing', 1],
    ['ppp', 'passing', 1],
    ['f', null, 0],
    ['ff', null, 0],
    ['fff', 'failing', 3],
    ['fp', 'passing', 2],
    ['pff', 'passing', 1],
    ['pfff', 'failing', 4],
    ['pffpff', 'passing', 1],
    ['pffpfff', 'failing', 7],
    ['pfffp', 'failing', 4],
    ['pfffpp', 'passing', 6],
    ['pfffpfp', 'failing', 4],
    ['pfffpfpp', 'passing', 8],
    ['pfvfvf', 'failing', 6],
    ['vvv', null, 0],
    ['pfffvpvvp', 'passing', 9],
  ])('after "%s" is %s since result %i', (letters, verdict, since) => {
    expect(results(letters)).toMatchObject({ verdict, since });
  });

  it('names why the latest probe failed, while it is failing', () => {
    const failing = judge(results('pfff'), failed('refused'), thresholds, 9);
    expect(failing).toMatchObject({ verdict: 'failing', since: 4, detail: 'refused' });
    expect(results('pp', failing).detail).toBeNull();
  });

  it('keeps its verdict and loses its counts where the process stood still', () => {
    expect(results('f', restartCounts(results('pff')))).toMatchObject({ verdict: 'passing', failures: 1 });
    expect(results('p', restartCounts(results('pfffp')))).toMatchObject({ verdict: 'failing', passes: 1 });
  });

  it('takes one result for both verdicts where the thresholds are 1', () => {
    const one = { failureThreshold: 1, successThreshold: 1 };
    const failing = judge(results('p'), failed('reset'), one, 5);
    expect(failing.verdict).toBe('failing');
    expect(judge(failing, passed, one, 6)).toMatchObject({ verdict: 'passing', since: 6 });
  });
});
