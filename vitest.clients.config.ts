import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/clients/**/*.test.ts'],
    testTimeout: 60_000,
    // As in vitest.config.ts: what the suites share waits for as long here.
    expect: { poll: { timeout: 30_000 } },
    reporters: ['verbose'],
  },
});
