/**
 * The stories of the rules that do not run under an election by name, each with a reason. A file
 * without titles does not run at all.
 */

export interface LeftOut {
  /** In test/unit. */
  readonly file: string;
  readonly titles?: readonly string[];
  readonly because: string;
}

export const leftOut: readonly LeftOut[] = [
  { file: 'selection/elections.test.ts', because: 'its Services ask for elections and pools themselves' },
  { file: 'functions/reconcile/elections.test.ts', because: 'its Services ask for elections and pools themselves' },
  {
    file: 'selection/outsideVerdict.test.ts',
    titles: [
      'functions whose clocks differ move a leader back once where the verdict stands with another election',
      'fit takes back what was said also after the records of several elections have moved',
    ],
    because: 'its Services ask for two elections themselves',
  },
  {
    file: 'selection/ownership.test.ts',
    titles: ['a default name over 63 characters is refused, and another one can be given'],
    because: 'its source is just too long for "-leader", and not for the name of the election',
  },
  {
    file: 'selection/plan.test.ts',
    titles: ['takes a name of 63 characters, and the default one too'],
    because: 'its source leaves room for "-followers", and not for the name of the election before it',
  },
  {
    file: 'selection/record.test.ts',
    titles: ['is read once of a snapshot, however often a reconcile asks'],
    because: 'its snapshot is translated at each question, and so is another one',
  },
  {
    file: 'selection/removals.test.ts',
    titles: ['the routes go first, the record last among them, and the Services in the next stage'],
    because: 'two Services of one stage go by name, and those of an election sort the other way round',
  },
];
