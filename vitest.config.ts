import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { leftOut } from './test/support/elections/leftOut.ts';
import { rulesUnderElection } from './test/support/elections/rulesUnderElection.ts';
import { storyElection } from './test/support/storyElection.ts';

/** The stories of the rules and of reconciles, when they run under an election by name. */
const ofElection = {
  include: ['test/unit/{selection,functions/reconcile}/**/*.test.ts'],
  exclude: leftOut.filter(({ titles }) => titles === undefined).map(({ file }) => `test/unit/${file}`),
  setupFiles: ['test/support/elections/skipLeftOut.ts'],
};
const isOfElection = storyElection !== '';

export default defineConfig({
  plugins: isOfElection ? [rulesUnderElection()] : [],
  test: {
    // Stories mostly wait, so that half as many again as there are cores keep those busy. Vitest
    // itself leaves one core alone.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
    // For what `expect.poll` waits for. A test that passes does not wait for it, and a machine that
    // is busy with other things must not fail one.
    expect: { poll: { timeout: 30_000 } },
    coverage: {
      provider: 'v8',
      // What programs that a test starts run counts, too.
      autoAttachSubprocess: true,
      include: [
        'functions/**/*.ts',
        'bridge/**/*.ts',
        'api/**/*.ts',
        'apiserver/**/*.ts',
        'lib/**/*.ts',
        'cli/**/*.ts',
      ],
      // What only pages in a browser run, and programs that a test kills, counts as uncovered.
      thresholds: { statements: 90, branches: 85, functions: 90 },
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'rules',
          include: ['test/{unit,contract,simulation}/**/*.test.ts'],
          ...(isOfElection && ofElection),
          // Their files keep no state in modules, so one worker loads each module once for all.
          isolate: false,
          // The slowest properties take 8 s on an idle machine.
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'programs',
          include: isOfElection ? [] : ['test/integration/**/*.test.ts'],
          // A story starts several programs, on two cores that have other things to do. Longer than
          // what one step of it waits for, so that a failure names the step.
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
