import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { page, resultsFolder } from '../../../bench/writeClaim.ts';
import { type ClientFailovers, renderFigures, withFigures } from '../../cluster/renderFigures.ts';

describe('failovers as clients see them', () => {
  const kept: ClientFailovers = JSON.parse(readFileSync(join(resultsFolder, 'client-failovers.json'), 'utf8'));

  it('stand in docs/performance.md as the cluster suite has measured them', () => {
    const text = readFileSync(page, 'utf8');
    expect(kept.samples.length).toBeGreaterThan(10);
    expect(text).toBe(withFigures(text, kept));
  });

  it('are shown by values that were measured, with the worst and the number of samples', () => {
    const samples = [900, 100, 500, 300].map((milliseconds) => ({
      what: 'crash: dark time',
      milliseconds,
      proxy: 'ipvs',
    }));
    expect(renderFigures({ ...kept, samples })).toContain('| crash | ipvs | 4 | 300 | 900 | 900 |');
  });

  it('a page without a place for them is refused', () => {
    expect(() => withFigures('# Performance', kept)).toThrow('no place');
  });
});
