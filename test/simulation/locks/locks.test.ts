import { describe, expect, it } from 'vitest';
import { type LockFaults, type LockRun, runLocks } from './runLocks.ts';

const SEEDS = Array.from({ length: 4 }, (_, index) => index + 1);
const within: LockFaults = { skewMs: 1_000, maxPauseMs: 12_000 };
const beyond: LockFaults = { skewMs: 60_000, maxPauseMs: 12_000 };
const deleted: LockFaults = { ...within, deletes: true };
/** Two more workers claim by ManualLocks. */
const claiming: LockFaults = { ...within, claimants: 2 };
/** Claims get the lock often. */
const few: LockFaults = { ...within, workers: 1, claimants: 4 };
/** Each fault shows within the first few. */
const SEARCHED = Array.from({ length: 40 }, (_, index) => index + 1);

/** Ends with the first seed that shows it. */
async function findRun(faults: LockFaults, isIt: (run: LockRun) => boolean): Promise<LockRun | undefined> {
  for (const seed of SEARCHED) {
    const run = await runLocks(seed, faults);
    if (isIt(run)) return run;
  }
  return undefined;
}

const violates = (what: string) => (run: LockRun) => run.violations.some((each) => each.startsWith(what));

describe('locks under pauses, kills, outages and skewed clocks', () => {
  it.each(SEEDS)('keeps K1 to K7 while clocks are within the bound: seed %i', async (seed) => {
    const run = await runLocks(seed, within);
    expect(run.violations).toEqual([]);
    expect(run.takenByChecked).toEqual(run.takenByChecked.toSorted((a, b) => a - b));
    expect(run.grants).toBeGreaterThan(5);
  });

  /** Of each, a seed that shows what the function of claims must not forget. */
  it.each<[string, number, LockFaults]>([
    ['among clients', 1, claiming],
    ['that a replica sees late, after another one has told them of their grant', 5, { ...few, claimsLateMs: 2_000 }],
    ['whose status is newer than the Lease that was read', 12, { ...claiming, deletes: true }],
    ['of a Lease that a hand has deleted', 19, { ...claiming, deletes: true }],
  ])('keeps K1 to K7 for claims by objects %s, and grants each once', async (_, seed, faults) => {
    const run = await runLocks(seed, faults);
    expect(run.violations).toEqual([]);
    expect(run.takenByChecked).toEqual(run.takenByChecked.toSorted((a, b) => a - b));
    expect(run.claimed).toBeGreaterThan(0);
  });

  it.each(SEEDS)('keeps K1, K2 and K4 to K7 while the Lease is deleted by hand: seed %i', async (seed) => {
    const run = await runLocks(seed, deleted);
    expect(run.violations).toEqual([]);
    expect(run.takenByChecked).toEqual(run.takenByChecked.toSorted((a, b) => a - b));
  });

  it('keeps K1, K2, K4, K5 and K7 also while clocks are a minute apart', async () => {
    for (const seed of SEEDS) {
      const run = await runLocks(seed, beyond);
      expect(run.violations.filter((each) => /^K[1245]/.test(each))).toEqual([]);
      expect(run.takenByChecked).toEqual(run.takenByChecked.toSorted((a, b) => a - b));
    }
  });

  it('shows the double write of a paused worker where nothing checks tokens', async () => {
    expect(await findRun(within, ({ doubleWrites }) => doubleWrites > 0)).toBeDefined();
  });
});

describe('a fence that is taken away is missed', () => {
  it.each<[string, LockFaults, string]>([
    ['the compare-and-swap', { ...within, isUnchecked: true }, 'K'],
    ['the allowance for clocks', { ...within, maxSkewMs: 0 }, 'validity'],
    ['the bound of the clocks', beyond, 'validity'],
    ['counting from before the request', { ...within, countsFromAnswer: true }, 'validity'],
    ['the compare-and-swap of claims', { ...claiming, isUnchecked: true }, 'K'],
    ['the LIST before a grant is taken from a claim', { ...few, claimsLateMs: 2_000, listsFromWatch: true }, 'K3'],
    ['tokens that outlive the Lease', { ...deleted, restartsTokens: true }, 'K1'],
  ])('%s', async (_, faults, what) => {
    expect(await findRun(faults, violates(what))).toBeDefined();
  });
});
