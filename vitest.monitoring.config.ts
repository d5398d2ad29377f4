import { defineConfig } from 'vitest/config';
import { findPrometheus } from './test/monitoring/findPrometheus.ts';

const programs = findPrometheus(process.env['PATH'] ?? '');
const canRun = typeof programs !== 'string';
if (!canRun) console.log(programs);

export default defineConfig({
  test: {
    include: canRun ? ['test/monitoring/**/*.test.ts'] : [],
    passWithNoTests: true,
    // Each starts a Prometheus and three programs.
    fileParallelism: false,
    testTimeout: 120_000,
    // As in vitest.config.ts: what the suites share waits for as long here.
    expect: { poll: { timeout: 30_000 } },
    reporters: ['verbose'],
  },
});
