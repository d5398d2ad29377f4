import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Claim, ratioOf, renderPicture, renderTable } from '../../../bench/claim.ts';
import { medianOf, page, readClaims, resultsFolder, withTable } from '../../../bench/writeClaim.ts';

const folder = dirname(resultsFolder);

const claim: Claim = {
  name: 'a',
  claim: 'Failovers',
  load: '3 Services',
  setting: {
    measuredAt: '2026-01-01T00:00:00Z',
    machine: '2 x processor',
    loadBefore: 0.5,
    node: 'v24',
    kubernetes: '1.35',
    etcd: '3.6',
    commit: 'abc',
  },
  figures: [{ what: 'p50', unit: 'ms', floor: 4, zenLead: 5 }],
};

describe('what the benchmarks have measured', () => {
  it('stands in the table of docs/performance.md, as it was kept', () => {
    const text = readFileSync(page, 'utf8');
    expect(readClaims().length).toBeGreaterThan(0);
    expect(text).toBe(withTable(text, readClaims()));
  });

  it.each(readClaims().map((kept) => [kept.name, kept] as const))(
    '%s has a picture of the same figures',
    (name, kept) => {
      expect(readFileSync(join(resultsFolder, `${name}.svg`), 'utf8')).toBe(renderPicture(kept));
    },
  );

  it('is shown beside the floor, with the ratio and the load of the machine', () => {
    expect(renderTable([claim])).toContain('| p50 | 4 ms | 5 ms | 1.25 x | |');
    expect(renderTable([claim])).toContain('3 Services | | | | 0.5 |');
    expect(renderPicture(claim)).toContain('5 ms (1.25 x)');
    expect(ratioOf({ what: 'p99', unit: 'ms', floor: 2, zenLead: 3 })).toBe('1.50 x');
  });

  it('has for a median a value that was measured', () => {
    expect(medianOf([9, 1.26, 5])).toBe(5);
    expect(medianOf([4, 2])).toBe(2);
  });
});

it('every benchmark is run by npm run bench, or stands there with a reason', () => {
  const all = readFileSync(join(folder, 'all.ts'), 'utf8');
  const benchmarks = globSync(['measure*.ts', 'scaleDowns.ts'], { cwd: folder });
  expect(benchmarks.length).toBeGreaterThan(15);
  expect(benchmarks.filter((file) => !all.includes(file))).toEqual([]);
});

it('a page without a place for the table is refused', () => {
  expect(() => withTable('# Performance', [claim])).toThrow(/no place/);
});
